"""Make the lock files: resolve the roots in Maven Central, download, write down each file's sha256.

``python -m deploy.local.lock``, then read the difference and commit it.
"""

from typing import Final

from deploy.local import kafka, tools
from deploy.local.downloads import LOCKS, Locked, cache_dir, sha256

#: lock -> (roots with what they need, single files)
ROOTS: Final[dict[str, tuple[list[str], list[str]]]] = {
    # Kafka logs through slf4j; without a backend the broker says nothing.
    "kafka": ([kafka.ROOT, "org.slf4j:slf4j-simple:1.7.36"], []),
    # The consumer-group command alone: what it needs else is in the broker's lock.
    "kafka-tools": ([], [tools.KAFKA_TOOLS]),
    "registry": ([], [tools.REGISTRY]),
}


def main() -> None:
    """Write every lock anew."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=cache_dir() / "maven", timeout=120)
    for name, (trees, files) in ROOTS.items():
        artifacts = []
        if trees:
            inputs, needed = context.resolver.resolve([context.create_dependency(c) for c in trees])
            artifacts += [dependency.artifact for dependency in inputs + needed]
        for coordinate in files:
            group, artifact, version, classifier, kind = Locked("", coordinate).parts
            component = context.project(group, artifact).at_version(version)
            artifacts.append(component.artifact(classifier, kind))
        lines = [f"# sha256 of every file of {', '.join(trees + files)}; made by python -m deploy.local.lock"]
        for item in sorted(artifacts, key=str):
            coordinate = f"{item.groupId}:{item.artifactId}:{item.version}"
            if item.classifier:
                coordinate += f":{item.classifier}:{item.packaging}"
            lines.append(f"{sha256(item.resolve())}  {coordinate}")
        (LOCKS / f"{name}.lock").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}.lock: {len(artifacts)} files")


if __name__ == "__main__":
    main()
