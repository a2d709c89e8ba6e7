"""Validates a file of manifests strictly, and prints them as JSON: manifests.py KUBERNETES_VERSION FOLDER_OF_KEDA_CRDS FILE."""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml


def strict(schema):
    """What a CRD does not name, its API server drops in silence."""
    if isinstance(schema, dict):
        if "properties" in schema and "x-kubernetes-preserve-unknown-fields" not in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            strict(value)
    return schema


def custom_resources(folder):
    schemas = {}
    for file in pathlib.Path(folder).glob("keda.sh_*.yaml"):
        crd = yaml.safe_load(file.read_text())
        for version in crd["spec"]["versions"]:
            key = f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            schemas[key] = schema
    return schemas


def main(version, folder, file):
    schemas = custom_resources(folder)
    documents = [document for document in yaml.safe_load_all(pathlib.Path(file).read_text()) if document]
    maps = [document["data"] for document in documents if document["kind"] == "ConfigMap"]
    documents += [yaml.safe_load(text) for data in maps for name, text in data.items() if name.endswith(".yaml")]
    wrong = 0
    for document in documents:
        try:
            schema = schemas.get((document["apiVersion"], document["kind"]))
            if schema:
                jsonschema.validate(document, schema)
            else:
                kubernetes_validate.validate(document, version, strict=True)
        except (jsonschema.ValidationError, kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            wrong += 1
            name = document.get("metadata", {}).get("name", "without name")
            print(f"{document['kind']} {name}: {error.message}", file=sys.stderr)
    print(json.dumps(documents))
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
