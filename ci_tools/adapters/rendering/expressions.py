"""Conditions of selectors, `linux and py >= 310`, taken apart and weighed without running them.

conda-build and boa hand such text to Python. Here it is a tree of a few harmless kinds; a name that nothing says is
false, as it is there.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST = 2000  # characters
BIGGEST = 10_000  # characters or items that a condition may make

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
SUMS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {ast.Add: operator.add, ast.Sub: operator.sub}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "int": int, "float": float, "str": str, "len": len, "bool": bool, "list": list, "tuple": tuple, "any": any,
    "all": all,
}  # fmt: skip
METHODS: Mapping[type, set[str]] = {
    str: {"startswith", "endswith", "lower", "upper", "strip", "split", "rsplit", "replace", "index", "join"},
    dict: {"get", "keys", "values", "items"},
}


class ConditionError(ValueError):
    """A condition that is none."""


class Names(dict[str, Any]):
    """What a condition can name; `asked` collects what it did name and nothing says."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__(known)
        self.asked: set[str] = set()

    def __missing__(self, name: str) -> bool:
        self.asked.add(name)
        return False


def holds(condition: str, names: Mapping[str, Any]) -> bool:
    """Whether `condition` is true of `names`. ConditionError where it is no condition."""
    if len(condition) > LONGEST:
        raise ConditionError("it is too long")
    try:
        return bool(_value(ast.parse(condition.strip(), mode="eval").body, names))
    except ConditionError:
        raise
    except (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as exc:
        raise ConditionError(getattr(exc, "msg", "") or str(exc) or type(exc).__name__) from exc


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401, C901, PLR0911 (whatever a condition is about; one case a kind)
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return FUNCTIONS[name] if name in FUNCTIONS and name not in names else names[name]
        case ast.BoolOp(op=op, values=parts):
            return _joined(op, parts, names)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _value(part, names)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_value(part, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SUMS:
            return _bounded(SUMS[type(op)](_value(left, names), _value(right, names)))
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(left, ops, others, names)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return [_value(part, names) for part in parts]
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, names) else other, names)
        case ast.Subscript(value=value, slice=key):
            return _value(value, names)[_key(key, names)]
        case ast.Attribute() | ast.Call():
            return _called(node, names)
    raise ConditionError(f"`{ast.unparse(node)}` is not understood")


def _joined(op: ast.boolop, parts: list[ast.expr], names: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the same)
    """As `and` and `or` do it: what comes after the answer is not looked at."""
    value: Any = None
    for part in parts:
        value = _value(part, names)
        if bool(value) is isinstance(op, ast.Or):
            break
    return value


def _compared(left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr], names: Mapping[str, Any]) -> bool:
    one = _value(left, names)
    for op, other in zip(ops, others, strict=True):
        two = _value(other, names)
        # a name that nothing says is false, and false comes before every word
        alike = isinstance(one, str) != isinstance(two, str) and isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
        if alike or not COMPARISONS[type(op)](one, two):
            return False
        one = two
    return True


def _key(key: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the same)
    if isinstance(key, ast.Slice):
        return slice(*(_value(part, names) if part else None for part in (key.lower, key.upper, key.step)))
    return _value(key, names)


def _called(node: ast.Attribute | ast.Call, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the same)
    """A function of the list, a method of a text or a mapping, or `os.environ`."""
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, names), node.attr)
    arguments = [_value(argument, names) for argument in node.args]
    named = {str(word.arg): _value(word.value, names) for word in node.keywords}
    return _bounded(_value(node.func, names)(*arguments, **named))


def _attribute(value: Any, name: str) -> Any:  # noqa: ANN401 (the same)
    if isinstance(value, dict) and name not in METHODS[dict]:
        return value[name]
    if any(isinstance(value, kind) and name in methods for kind, methods in METHODS.items()):
        return getattr(value, name)
    raise ConditionError(f"`.{name}` is not understood")


def _bounded(value: Any) -> Any:  # noqa: ANN401 (the same)
    if isinstance(value, (str, list, tuple)) and len(value) > BIGGEST:
        raise ConditionError("it makes too much")
    return value
