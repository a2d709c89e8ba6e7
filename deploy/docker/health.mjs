// Exits 0 where the worker of this container answers /livez or /readyz with 200. It answers on loopback only.
const [path] = process.argv.slice(2);
const url = `http://127.0.0.1:${process.env.CRITIQUE_LOOP_HEALTH_PORT}/${path}`;
const answer = await fetch(url, { signal: AbortSignal.timeout(8_000) }).catch(({ cause, message }) => {
  console.error(`${url}: ${cause?.code ?? message}`);
});
if (!answer) process.exit(1);
console.log(`${url}: ${answer.status} ${(await answer.text()).trim()}`);
process.exit(answer.ok ? 0 : 1);
