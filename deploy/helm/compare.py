#!/usr/bin/env python3
"""Tells where the chart, rendered with its defaults, differs from the Kustomize base.

    compare.py BASE.yaml CHART.yaml

What has to differ is left out: hashed ConfigMap names, the release in Job names, labels of the chart,
and the annotation that restarts pods when settings change.
"""

import difflib
import json
import re
import sys

import yaml


def load(path):
    found = {}
    with open(path) as file:
        for document in filter(None, yaml.safe_load_all(file)):
            name = document["metadata"]["name"]
            if document["kind"] == "ConfigMap":
                name = re.sub(r"-[a-z0-9]{10}$", "", name)
            name = re.sub(r"-migrate-\d+$", "-migrate", name)
            document["metadata"] = {"name": name}
            template = document.get("spec", {}).get("template") if isinstance(document.get("spec"), dict) else None
            if template:
                template["metadata"].pop("annotations", None)
            text = json.dumps(document, indent=1, sort_keys=True)
            text = re.sub(r'("configMapRef": \{\s+"name": "[a-z-]+?)-[a-z0-9]{10}"', r'\1"', text)
            found[f'{document["kind"]}/{name}'] = text.splitlines()
    return found


def main():
    base, chart = (load(path) for path in sys.argv[1:3])
    differ = False
    for name in sorted(base | chart):
        lines = list(difflib.unified_diff(base.get(name, []), chart.get(name, []), "base", "chart", lineterm="", n=2))
        if lines:
            differ = True
            print(name, *lines, sep="\n  ")
    sys.exit(differ)


if __name__ == "__main__":
    main()
