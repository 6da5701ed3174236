#!/usr/bin/env python3
"""Holds documents against the published JSON Schema with a validator that others wrote.

usage: validate.py SCHEMA REFUSED [DOCUMENT...]

Every DOCUMENT must be valid; of the cases in REFUSED (refused.yaml) that can be read at all, exactly those must be invalid that say
`schema: refuses`. Prints what is not so and ends with 1, or says how many were looked at. Needs jsonschema and PyYAML from PyPI.
"""
import json
import sys

import jsonschema
import yaml


class Reader(yaml.SafeLoader):
    """YAML without times: the documents' times are text."""


Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text):
    if text.lstrip().startswith(("{", "[")):
        return json.loads(text)
    return yaml.load(text, Reader)


def main(schema_path, refused_path, *documents):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = []
    for path in documents:
        with open(path, encoding="utf-8") as file:
            for error in validator.iter_errors(read(file.read())):
                failures.append(f"{path}: {error.json_path}: {error.message[:200]}")
    with open(refused_path, encoding="utf-8") as file:
        cases = yaml.load(file, Reader)
    refused = 0
    for case in cases:
        try:
            document = read(case["document"])
        except (ValueError, yaml.YAMLError):
            document = None
        if document is None:
            if "schema" in case:
                failures.append(f"{case['note']}: cannot be read")
            continue
        is_refused = not validator.is_valid(document)
        refused += is_refused
        if is_refused != (case.get("schema") == "refuses"):
            failures.append(f"{case['note']}: the schema {'refuses' if is_refused else 'accepts'} it")
    for failure in failures:
        print(failure)
    print(f"schema: {len(documents)} documents valid, {refused} of {len(cases)} refused ones invalid; {len(failures)} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
