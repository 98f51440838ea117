# SPDX-License-Identifier: MIT
"""sampling.py - for sampling.sh: holds the intervals of many sampled runs against the exact one."""
import json
import sys

TYPES = ["inuse_space", "inuse_objects", "alloc_space", "alloc_objects"]


def figures(work, run, kind):
    """By callsite: (estimate, low, high); "total" too. Exact figures are their own intervals."""
    with open(f"{work}/{run}.{kind}.json", encoding="utf-8") as file:
        report = json.load(file)
    result = {"total": (report["total"], report.get("total_low"), report.get("total_high"))}
    for node in report["nodes"]:
        if node["name"].startswith("site_"):
            result[node["name"]] = (node["flat"], node.get("flat_low"), node.get("flat_high"))
    return result


def main():
    work, runs, sample = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    truth = {kind: figures(work, "exact", kind) for kind in TYPES}
    names = sorted(set().union(*truth.values()))
    held = {(name, kind): 0 for name in names for kind in TYPES}
    seen = dict.fromkeys(names, 0)
    sums = dict.fromkeys(held, 0)
    for run in range(runs):
        for kind in TYPES:
            sampled = figures(work, run, kind)
            for name in names:
                if name not in sampled:
                    continue
                value, low, high = sampled[name]
                exact = truth[kind].get(name, (0,))[0]
                held[name, kind] += low <= exact <= high
                sums[name, kind] += value
                seen[name] += kind == TYPES[0]
    print(f"{runs} runs sampled 1 in {sample}: intervals that hold the exact figure, % (mean estimate / exact)")
    print(f"{'callsite':18}{'seen':>6}" + "".join(f"{kind:>22}" for kind in TYPES))
    for name in names:
        line = f"{name:18}{seen[name]:6}"
        for kind in TYPES:
            exact = truth[kind].get(name, (0,))[0]
            ratio = f"{sums[name, kind] / runs / exact:.3f}" if exact else "-"
            line += f"{100 * held[name, kind] / runs:14.1f} ({ratio:>5})"
        print(line)
    share = sum(held.values()) / len(held) / runs
    print(f"of all: {100 * share:.2f} %")
    return share < 0.95


if __name__ == "__main__":
    sys.exit(main())
