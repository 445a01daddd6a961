"""An order respects every edge; what has none is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.graph import components, cycles, ordered

nodes = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)
edges = st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), max_size=3))


@given(nodes, edges)
def test_an_order_respects_every_edge(many: list[str], after: dict[str, set[str]]) -> None:
    found = ordered(many, after)
    place = {node: at for at, node in enumerate(found)}
    assert all(place[needed] < place[node] for node in found for needed in after.get(node, ()) if needed in many)
    assert len(place) == len(found)


@given(nodes, edges)
def test_either_there_is_an_order_of_all_or_a_cycle(many: list[str], after: dict[str, set[str]]) -> None:
    found = cycles(many, after)
    assert bool(found) == (len(ordered(many, after)) < len(many))
    for cycle in found:
        assert all(other in after[one] for one, other in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    rest = [node for node in many if not any(node in cycle for cycle in found)]
    assert set(ordered(rest, after)) == set(rest)


@given(nodes, edges)
def test_a_free_choice_keeps_the_order_given(many: list[str], after: dict[str, set[str]]) -> None:
    assert ordered(many, {}) == tuple(many)
    first = next((node for node in many if not after.get(node, set()) & set(many)), None)
    assert ordered(many, after)[:1] == ((first,) if first else ())


def test_cycles_are_named_in_order_and_all_at_once() -> None:
    after = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["e"], "e": ["d"], "f": ["a"], "g": ["g"]}
    assert cycles("abcdefg", after) == (("a", "b", "c"), ("d", "e"), ("g",))


@given(nodes, st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=8))
def test_components_are_the_nodes_parted_where_no_pair_joins(many: list[str], pairs: list[tuple[str, str]]) -> None:
    found = components(many, pairs)
    assert sorted(node for group in found for node in group) == sorted(many)
    home = {node: at for at, group in enumerate(found) for node in group}
    assert all(home[one] == home[other] for one, other in pairs if one in home and other in home)
    assert [group[0] for group in found] == [node for node in many if node in {group[0] for group in found}]


def test_what_no_pair_joins_is_apart() -> None:
    assert components("abcd", [("a", "c"), ("x", "b")]) == (("a", "c"), ("b",), ("d",))
