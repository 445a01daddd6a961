"""The build string that conda-build will write, where the repository says all that goes into it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.adapters.rendering.used_keys import selecting_in, used_in, used_in_script

if TYPE_CHECKING:
    from ci_tools.adapters.rendering.v0_parts import Part

HASHED = 7  # characters of the digest
PLACEHOLDER = "1234567"  # what PKG_HASH is while the hash is not known
OUTPUTS = re.compile(r"^outputs:.*?(?=^test:|^extra:|^about:|\Z)", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"^ +- +(?:name|type):.+?(?=^\w|\Z|^ +- +(?:name|type))", re.MULTILINE | re.DOTALL)
REQUIREMENTS = re.compile(r"requirements:.+?(?=^\w|\Z|^\s+-\s(?=name|type))", re.MULTILINE | re.DOTALL)
NUMPY_XX = re.compile(r"numpy\s*x\.x|pin_compatible\(['\"]numpy.*max_pin=['\"]x\.x['\"]")
NUMPY_PINNED = re.compile(r"pin_\w+\(['\"]numpy['\"]")
NUMPY_PIN = re.compile(r"pin_\w+\(['\"]numpy['\"].*x_pin=['\"]([x.]*)['\"]")
# What a build string says in words: prefix, package, variant key, and how many parts of the version.
LANGUAGES = (
    ("np", "numpy", 2), ("py", "python", 2), ("pl", "perl", 3), ("lua", "lua", 2), ("r", "r", 2), ("r", "r-base", 2),
    ("mro", "mro-base", 3), ("mro", "mro-base_impl", 3),
)  # fmt: skip
ONE_VERSION = re.compile(r"=*([0-9][0-9A-Za-z]*(?:\.[0-9A-Za-z]+)*)[.*]*(?:\s|$)")
IN_WORDS = ("python", "r_base", "perl", "lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One recipe's text for one variant: as written, and with the selectors applied. `script` reads a file of it."""

    raw: str
    selected: str
    variant: Mapping[str, str]
    ignore_version: Sequence[str]
    ignore_build_only: Sequence[str]
    script: Callable[[str], str]

    def of(self, part: Part, text: str) -> str:
        """What of `text` is about `part`: the recipe without its outputs, or one of those, or both."""
        block = found[0] if (found := OUTPUTS.search(text)) else ""
        outputs = OUTPUT.findall(block)
        own = outputs[part.index] if 0 <= part.index < len(outputs) else ""
        return text.replace(block.strip(), "") + own if part.is_top else own

    def used(self, part: Part) -> set[str]:
        """The variant keys that `part` uses, as conda-build tells."""
        text = self.of(part, self.selected)
        said = REQUIREMENTS.search(text)
        required = used_in(said[0], self.variant) if said else set()
        elsewhere = (used_in(text, self.variant) | selecting_in(self.of(part, self.raw), self.variant)) - required
        found = elsewhere | self._kept(part, required) | self._in_scripts(part)
        found |= {key for key in ("channel_targets",) if key in self.variant}
        found |= set() if part.noarch else {"target_platform"}
        forced, ignored = (_keys(part, kind) for kind in ("force_use_keys", "force_ignore_keys"))
        return (found - ignored | forced) & self.variant.keys()

    def _kept(self, part: Part, required: set[str]) -> set[str]:
        """Requirements that matter: not what is only there to run, nor what is ignored where only a build needs it."""
        build, host = ({_name(spec).replace("-", "_") for spec in part.specs(kind)} for kind in ("build", "host"))
        only_run = {key for key in required if key in part.specs("run") and key not in build | host}
        return required - only_run - ({key for key in required if key in build - host} & set(self.ignore_build_only))

    def _in_scripts(self, part: Part) -> set[str]:
        if not part.is_top:
            is_batch = part.script.endswith(".bat")
            return used_in_script(self.script(part.script), self.variant, is_batch=is_batch) if part.script else set()
        found = used_in_script(self.script("build.sh"), self.variant)
        if self.variant.get("target_platform", "").startswith("win-"):
            found |= used_in_script(self.script("bld.bat"), self.variant, is_batch=True)
        return found

    def build_string(self, part: Part, used: set[str]) -> str:
        """What conda-build names the build; parts of it may be unknown."""
        said, digest = str(part.build.get("string") or ""), self._digest(part, used)
        if said and not ("PKG_HASH" in self.raw and f"h{PLACEHOLDER}" in said):
            return said
        if said:
            return said.replace(f"h{PLACEHOLDER}", digest)
        words = self._words(part)
        features = "".join(f"{feature}_" for feature in listed_words(part.build.get("features")))
        start = f"{words}{digest}_" if words else f"{features}{digest}_" if digest else features
        return f"{start}{features if words else ''}{part.number}"

    def _words(self, part: Part) -> str:
        kind = "host" if "host" in part.requirements else "build"
        there, text = {_name(spec) for spec in part.specs(kind)}, self.of(part, self.selected)
        running = {_name(spec) for spec in part.specs("run")} & there
        found: list[str] = []
        for prefix, package, places in LANGUAGES:
            if package not in running or (package == "numpy" and not NUMPY_XX.search(text)):
                continue
            pin = next((rest for spec in part.specs(kind) for rest in [_pin(spec, package)] if rest), "")
            version = pin or self.variant.get(package.replace("-", "_"), "")
            word = prefix if part.noarch == package else prefix + "".join(version.split(".")[:places])
            if word not in found:
                found.append(word)
        return "".join(found)

    def _digest(self, part: Part, used: set[str]) -> str:
        """`h` and the first seven digits of the SHA-1 of the used values, sorted; nothing where nothing is hashed."""
        excluded = [*IN_WORDS, *self.ignore_version]
        text = self.of(part, self.selected)
        if "numpy" in used and (NUMPY_XX.search(text) or (NUMPY_PINNED.search(text) and not _pins_two(text))):
            excluded.append("numpy")
        pattern = re.compile("|".join(rf"{key}[\s$]?.*" for key in excluded))
        kept = {key for key in used if not pattern.match(key) or " " in self.variant[key]}
        contents = {} if kept == {"target_platform"} else {key: self.variant[key] for key in kept}
        contents |= {_name(spec): spec for spec in part.specs("run") if spec.startswith("__")}
        if not contents:
            return ""
        digest = hashlib.sha1(json.dumps(contents, sort_keys=True).encode(), usedforsecurity=False)
        return f"h{digest.hexdigest()}"[: HASHED + 1]


def unknown_string(number: int, variant: Mapping[str, str]) -> str:
    """What stands for a build string that only a build knows: it tells variants apart and promises nothing."""
    digest = hashlib.sha256(json.dumps(dict(variant), sort_keys=True).encode()).hexdigest()
    return f"unknown{digest[:HASHED]}_{number}"


def listed_words(said: object) -> list[str]:
    """The words of a text or a list of them."""
    return [str(word) for word in said] if isinstance(said, list) else str(said or "").split()


def _pins_two(text: str) -> bool:
    found = NUMPY_PIN.search(text)
    return found is not None and found[1] != "x.x" and bool(found[1])


def _keys(part: Part, kind: str) -> set[str]:
    return set(listed_words(part.build.get(kind)))


def _name(spec: str) -> str:
    return spec.split(maxsplit=1)[0] if spec else ""


def _pin(spec: str, package: str) -> str:
    """The version that a requirement names; empty where it names a range, for what is in that only a build knows."""
    name, _, rest = spec.partition(" ")
    found = ONE_VERSION.match(rest) if name == package else None
    return found[1] if found else ""
