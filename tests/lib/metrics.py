#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""metrics.py COMMAND ... - what metrics.bats asks of /metrics, of the dashboard and of databases.

  sums FILE                 the sum over callsites is the kind's figure, exactly, of every recording, kind and metric;
                            and of recordings that go on so is the sum over processes
  grown BEFORE AFTER        no counter of BEFORE has fallen in AFTER, and none is missing but of callsites
  names FILE...             every metric that the FILEs of dashboards/ speak of is there (stdin: an answer of /metrics)
  dashboard FILE            it is laid out as Grafana wants it
  ask URL FILE...           every query of a dashboard has an answer with data at that Prometheus
  value FILE METRIC LABEL=VALUE...   the sum of the samples that match

Exit code 1, with a line for each complaint.
"""
import json
import math
import re
import sys
import urllib.parse
import urllib.request

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
KINDS_OWN = {"seep_callsite_live_objects": "seep_live_objects", "seep_callsite_live_bytes": "seep_live_bytes"}
for _what in ("acquired", "released"):
    for _unit in ("objects", "bytes"):
        KINDS_OWN[f"seep_callsite_{_what}_{_unit}_total"] = f"seep_{_what}_{_unit}_total"

complaints = []


def complain(text):
    complaints.append(text)
    print(text)


def number(text):
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def read_samples(file):
    """{(metric, labels as a frozen set): value}"""
    samples = {}
    for line in file:
        if line.startswith("#"):
            continue
        metric, labels, value = SAMPLE.match(line.rstrip("\n")).groups()
        key = (metric, frozenset(LABEL.findall(labels or "")))
        if key in samples:
            complain(f"twice: {line.rstrip()}")
        samples[key] = number(value)
    return samples


def load(path):
    with open(path, encoding="utf-8") as file:
        return read_samples(file)


def check_sums(path):
    samples = load(path)
    sums, compared = {}, 0
    for (metric, labels), value in samples.items():
        if metric in KINDS_OWN:
            key = (KINDS_OWN[metric], frozenset(label for label in labels if label[0] != "callsite"))
            sums[key] = sums.get(key, 0) + value
    for key, value in samples.items():
        if key[0] not in KINDS_OWN.values():
            continue
        compared += 1
        if sums.get(key) != value:
            complain(f"{key[0]}{sorted(key[1])} is {value}, and its callsites have {sums.get(key)}")
    if compared < 6:
        complain(f"only {compared} sums to compare in {path}")
    check_processes(samples)


def check_processes(samples):
    live = {dict(labels)["recording"] for (metric, labels), value in samples.items()
            if metric == "seep_recording_live" and value}
    for metric in ("seep_live_objects", "seep_live_bytes"):
        own, processes = {}, {}
        for (name, labels), value in samples.items():
            labels = dict(labels)
            key = (labels.get("recording"), labels.get("kind"))
            if name == metric and key[0] in live:
                own[key] = value
            elif name == metric.replace("seep_", "seep_process_"):
                processes[key] = processes.get(key, 0) + value
        for key in own:
            if own[key] != processes.get(key, 0):
                complain(f"{metric}{key} is {own[key]}, and its processes have {processes.get(key)}")


def check_grown(before, after):
    before, after = load(before), load(after)
    for key, value in before.items():
        if key not in after and dict(key[1]).get("callsite", "other") != "other":
            continue
        if key[0].endswith("_total") and not after.get(key, -1) >= value:
            complain(f"{key[0]}{sorted(key[1])} was {value}, and then {after.get(key)}")
    if not any(after[key] > value for key, value in before.items() if key[0].endswith("_total") and key in after):
        complain("no counter has grown at all")


def check_names(paths):
    known = {metric for metric, _ in read_samples(sys.stdin)}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name in sorted(set(re.findall(r"(?<![a-z:_])seep_[a-z_]+[a-z](?![a-z_*]|:)", text)) - known):
            complain(f"{path} speaks of {name}, which is no metric")


# ---- the dashboard ----

def panels_of(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def overlap(a, b):
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
            a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def check_dashboard(path):
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    panels = list(panels_of(dashboard))
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    if dashboard["schemaVersion"] < 36 or dashboard["id"] is not None or not dashboard["uid"]:
        complain("no dashboard to import: schemaVersion, id or uid")
    if {"datasource", "instance", "recording"} - set(variables) or variables["datasource"]["type"] != "datasource":
        complain(f"the variables are {sorted(variables)}")
    if len({panel["id"] for panel in panels}) != len(panels):
        complain("two panels have the same id")
    for i, panel in enumerate(panels):
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            complain(f"{panel['title']} is wider than the page")
        for other in panels[:i]:
            if overlap(panel["gridPos"], other["gridPos"]):
                complain(f"{panel['title']} lies over {other['title']}")
        if panel["type"] != "row" and not (panel["targets"] and panel["description"]):
            complain(f"{panel['title']} has no query or no description")
        for target in panel.get("targets", []):
            if target["datasource"]["uid"] != "${datasource}":
                complain(f"{panel['title']} has a data source of its own")
    for panel in panels:
        unknown = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(panel))) - set(variables)
        if unknown:
            complain(f"{panel['title']} speaks of {unknown}")


def queries_of(path):
    """(where, PromQL) of all panels, annotations and variables, the variables replaced as for "All"."""
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in panels_of(dashboard):
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']}", annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        values = re.fullmatch(r"label_values\((.*), *(\w+)\)", variable.get("definition", ""))
        if values:
            yield f"variable {variable['name']}", f"count by ({values[2]}) ({values[1]})"


def ask(url, query):
    with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=20) as answer:
        return json.load(answer)["data"]["result"]


def check_answers(url, paths):
    count = 0
    for path in paths:
        for where, query in queries_of(path):
            count += 1
            query = query.replace("$__rate_interval", "10s")
            query = re.sub(r"\$(instance|recording)\b", ".+", query)
            try:
                result = ask(url, query)
            except urllib.error.HTTPError as error:
                complain(f"{where}: {error.read().decode()}: {query}")
                continue
            if not result or all(math.isnan(float(series["value"][1])) for series in result):
                complain(f"{where}: no data: {query}")
    print(f"{count} queries")
    if count < 30:
        complain(f"only {count} queries")


def print_value(path, metric, *labels):
    wanted = {tuple(label.split("=", 1)) for label in labels}
    print(sum(value for (name, its), value in load(path).items() if name == metric and wanted <= its))


COMMANDS = {
    "sums": check_sums, "grown": check_grown, "names": lambda *paths: check_names(paths),
    "dashboard": check_dashboard, "ask": lambda url, *paths: check_answers(url, paths), "value": print_value,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
    sys.exit(1 if complaints else 0)
