#!/usr/bin/env bash
# What README.md here reports, measured on this machine: measure.sh OUT [models study engine scaling idle kills ...]
# From the repository's root, after `npm ci`, with CRITIQUE_LOOP_PYTHON and CRITIQUE_LOOP_VLLM set where they have to be. Without parts all of
# them, one after the other, since what runs beside a measurement changes it. `scaling` needs two GPUs, the others use the first.
set -euo pipefail
out=$(mkdir -p "$1/bench" && cd "$1" && pwd); shift
parts=${*:-models study engine scaling idle kills}
models=.critique-loop/models-10m
loop() { node dist/cli/main.js "$@"; }

study() {
  local one=${CUDA_VISIBLE_DEVICES:-0}
  CUDA_VISIBLE_DEVICES=${one%%,*} CRITIQUE_LOOP_ENGINE=vllm CRITIQUE_LOOP_VLLM_MODEL=$models/actor node dist/cli/main.js dev > "$out/dev.log" 2>&1 &
  local dev=$!
  trap 'kill -INT $dev 2>/dev/null; wait $dev || true' RETURN
  until grep -q 'vLLM has started' .critique-loop/worker.log 2>/dev/null; do kill -0 $dev; sleep 1; done
  loop temporal workflow start --type study --task-queue critique-loop --workflow-id study --input-file runs/gpu-study.json
  loop temporal workflow result --workflow-id study --output json > "$out/study.json"

  local store=.critique-loop/store/runs
  mkdir -p "$out/runs" "$out/histories"
  cp "$store"/study/report.{html,csv} "$out"
  for report in "$store"/*-*/report.html "$store"/evaluate-*/report.csv; do
    cp "$report" "$out/runs/$(basename "$(dirname "$report")").${report##*.}"
  done
  loop temporal workflow list --query 'RootWorkflowId = "study"' --output jsonl |
    sed -E 's/^\{"execution":\{"workflowId":"([^"]+)","runId":"([^"]+)".*/\1 \2/' |
    while read -r workflow run; do
      loop temporal workflow show --workflow-id "$workflow" --run-id "$run" --output json < /dev/null |
        gzip > "$out/histories/${workflow//\//-}-$run.json.gz"
    done
}

bench() { node test/bench/main.mjs "${@:2}" --json > "$out/bench/$1.json"; }

node scripts/build.mjs
for part in $parts; do
  echo "$part, $(date -u +%H:%M:%S)" >&2
  case $part in
    models) "${CRITIQUE_LOOP_PYTHON:-python3}" models/recipe/make.py --size 10m && cp $models/measured.json "$out/models.json" ;;
    study) study ;;
    engine) bench engine engine --model $models/actor --model random-1b --questions 2000 ;;
    scaling) bench scaling engine --model random-1b --workers 2 --kill --questions 2000 ;;
    idle) bench idle idle --input runs/gpu-loop.json ;;
    kills) node test/chaos/main.mjs --gpu --input test/chaos/gpu.json --json > "$out/bench/kills.json" ;;
    *) echo "no part is called '$part'" >&2; exit 2 ;;
  esac
done
