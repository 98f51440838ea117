# SPDX-License-Identifier: MIT
"""gate_formats.py FORMAT FILE [SCHEMA] - reads a report of `seep gate` as its consumers do, and prints what they see.

junit   through junitparser: "tests failures errors skipped", then a line a failed, broken or skipped case
sarif   through sarif-om, the object model generated from the standard's schema (an unknown or missing property is an
        error), and through jsonschema where the official SCHEMA is given: a line a result
gitlab  against the fields that GitLab's manual demands: a line an issue
github  as GitHub's runner takes workflow commands from a log: a line an annotation

Ends with 1 and a sentence where a consumer would refuse.
"""
import json
import re
import sys


class Refused(Exception):
    pass


def demand(condition, sentence):
    if not condition:
        raise Refused(sentence)


# ---- JUnit ----

def junit(path):
    import junitparser

    xml = junitparser.JUnitXml.fromfile(path)
    counted = {"failures": 0, "errors": 0, "skipped": 0, "tests": 0}
    lines = []
    for suite in xml:
        names = set()
        for case in suite:
            counted["tests"] += 1
            demand(case.classname and case.name, "a case without a name")
            demand(case.name not in names, f"two cases {case.name}")
            names.add(case.name)
            for result in case.result:
                kind = {junitparser.Failure: "failures", junitparser.Error: "errors", junitparser.Skipped: "skipped"}
                counted[kind[type(result)]] += 1
                lines.append(f"{type(result).__name__.lower()} {case.classname} {case.name!r}: {result.message!r}")
        for count in counted:
            demand(getattr(suite, count) == counted[count], f"the suite says {getattr(suite, count)} {count}")
    print(*(f"{count} {counted[count]}" for count in ("tests", "failures", "errors", "skipped")))
    print(*lines, sep="\n")


# ---- SARIF ----

# Which class of the object model a property's value is of; what is not here is no object, or free.
SARIF_CLASSES = {
    "runs": "Run", "tool": "Tool", "driver": "ToolComponent", "rules": "ReportingDescriptor",
    "shortDescription": "MultiformatMessageString", "fullDescription": "MultiformatMessageString",
    "help": "MultiformatMessageString", "invocations": "Invocation", "toolExecutionNotifications": "Notification",
    "message": "Message", "results": "Result", "locations": "Location", "location": "Location",
    "physicalLocation": "PhysicalLocation", "artifactLocation": "ArtifactLocation", "region": "Region",
    "logicalLocations": "LogicalLocation", "stacks": "Stack", "frames": "StackFrame", "suppressions": "Suppression",
}
SARIF_ENUMS = {
    "level": {"none", "note", "warning", "error"},
    "baselineState": {"new", "unchanged", "updated", "absent"},
    "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
}


def build(module, name, value):
    """An object of the model; the constructor refuses what is missing, the look-up what is unknown."""
    cls = getattr(module, name)
    fields = {field.metadata["schema_property_name"]: field.name for field in cls.__attrs_attrs__}
    arguments = {}
    for key, item in value.items():
        demand(key in fields, f"{name} has no property {key}")
        demand(key not in SARIF_ENUMS or item in SARIF_ENUMS[key], f"{key} cannot be {item}")
        if key in SARIF_CLASSES:
            parts = item if isinstance(item, list) else [item]
            demand(all(isinstance(part, dict) for part in parts), f"{key} of {name} is no object")
            item = [build(module, SARIF_CLASSES[key], part) for part in parts]
        arguments[fields[key]] = item
    try:
        return cls(**arguments)
    except TypeError as missing:
        raise Refused(f"{name}: {missing}") from None


def sarif(path, schema=None):
    import sarif_om

    with open(path, encoding="utf-8") as file:
        log = json.load(file)
    if schema:
        import jsonschema

        with open(schema, encoding="utf-8") as file:
            jsonschema.Draft7Validator(json.load(file)).validate(log)
    build(sarif_om, "SarifLog", log)
    demand(log["version"] == "2.1.0", "not version 2.1.0")
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            demand(rules[result["ruleIndex"]]["id"] == result["ruleId"], "ruleIndex and ruleId differ")
            demand(result["locations"], "GitHub wants a location")
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            demand(re.fullmatch(r"[A-Za-z0-9/._~%:@!$&'()*+,;=-]+", uri), f"{uri} is no URI")
            hashes = result["partialFingerprints"]
            demand(re.fullmatch(r"[0-9a-f]{16}:\d+", hashes["primaryLocationLineHash"]), "no line hash")
            line = result["locations"][0]["physicalLocation"].get("region", {}).get("startLine", 0)
            print(result["ruleId"], result["level"], result.get("baselineState", "-"),
                  "suppressed" if result.get("suppressions") else "-", hashes["seepCallsite/v1"],
                  f"{uri}:{line}", repr(result["message"]["text"]))
        for notification in run["invocations"][0]["toolExecutionNotifications"]:
            print("notification", notification["level"], repr(notification["message"]["text"]))


# ---- GitLab ----

GITLAB_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "pattern": "^(?!\\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def gitlab(path):
    import jsonschema

    with open(path, encoding="utf-8") as file:
        issues = json.load(file)
    jsonschema.Draft7Validator(GITLAB_SCHEMA).validate(issues)
    fingerprints = [issue["fingerprint"] for issue in issues]
    demand(len(set(fingerprints)) == len(fingerprints), "GitLab shows one issue a fingerprint")
    for issue in issues:
        print(issue["check_name"], issue["severity"], issue["fingerprint"],
              f'{issue["location"]["path"]}:{issue["location"]["lines"]["begin"]}', repr(issue["description"]))


# ---- GitHub ----

def unescape(text, is_property):
    """As the runner undoes it: the percent sign last."""
    codes = {"%0D": "\r", "%0A": "\n"}
    if is_property:
        codes.update({"%3A": ":", "%2C": ","})
    for code, character in codes.items():
        text = text.replace(code, character)
    return text.replace("%25", "%")


def github(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")
    for line in lines:
        command = re.fullmatch(r"::(\S+?)(?: (.*?))?::(.*)", line)
        if not command:
            demand(not line.lstrip().startswith("::"), f"no command: {line}")
            continue
        demand(command[1] in ("error", "warning", "notice"), f"the runner has no command {command[1]}")
        properties = dict(part.split("=", 1) for part in (command[2] or "").split(",") if part)
        demand(set(properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}, f"properties of {line}")
        demand(properties.get("line", "1").isdigit(), f"line of {line}")
        print(command[1], unescape(properties.get("file", "-"), True) + ":" + properties.get("line", "0"),
              repr(unescape(properties["title"], True)), repr(unescape(command[3], False)))


def main():
    readers = {"junit": junit, "sarif": sarif, "gitlab": gitlab, "github": github}
    try:
        readers[sys.argv[1]](*sys.argv[2:])
    except Refused as refused:
        sys.exit(f"{sys.argv[2]}: {refused}")


if __name__ == "__main__":
    main()
