"""Clusters: which entities are one, given the links between them and what must not be one.

Belongs here: components, and their division where they hold what cannot be one person. Does not belong here: how strong a link
is (`weights`).
"""

import numpy as np
from numpy.typing import NDArray


def components(size: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The component of each of `size` nodes, named by its least node."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    least = np.full(label.max(initial=-1) + 1, size, dtype=np.int64)
    np.minimum.at(least, label, np.arange(size))
    return np.asarray(least[label])


def clusters(
    size: int,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    strength: NDArray[np.float64],
    *,
    unlike: NDArray[np.int64] | None = None,
    apart: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> NDArray[np.int64]:
    """The cluster of each node, named by its least node.

    A component is one cluster unless it holds what cannot be one person; then its links are taken strongest first, and those
    that would bring together what cannot be are left out: it is split where the evidence is weakest.

    Args:
        size: number of nodes, numbered from 0 in an order that depends on their content alone.
        left: one end of each link.
        right: the other end.
        strength: of each link.
        unlike: a number per node; two nodes with different numbers above 0 cannot be one (two sound ids).
        apart: pairs of nodes that cannot be one.
    """
    label = components(size, left, right)
    conflicted = _conflicted(label, unlike, apart)
    if not conflicted.size:
        return label
    inside = np.isin(label[left], conflicted)
    order = np.lexsort((right[inside], left[inside], -strength[inside]))
    links = zip(left[inside][order].tolist(), right[inside][order].tolist(), strict=True)
    nodes = np.flatnonzero(np.isin(label, conflicted))
    parent = {node: node for node in nodes.tolist()}
    kinds = {n: {int(unlike[n])} if unlike is not None and unlike[n] > 0 else set() for n in parent}
    forbidden: dict[int, set[int]] = {n: set() for n in parent}
    if apart is not None:
        for a, b in zip(apart[0].tolist(), apart[1].tolist(), strict=True):
            if a in parent and b in parent:
                forbidden[a].add(b)
                forbidden[b].add(a)
    members = {n: {n} for n in parent}
    for a, b in links:
        _join(_root(parent, a), _root(parent, b), parent, kinds, forbidden, members)
    for node in parent:
        label[node] = _root(parent, node)
    return label


def _conflicted(
    label: NDArray[np.int64], unlike: NDArray[np.int64] | None, apart: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> NDArray[np.int64]:
    """Components that hold two different numbers, or a pair that must stay apart."""
    found = []
    if unlike is not None:
        marked = unlike > 0
        pairs = np.unique(np.stack([label[marked], unlike[marked]]), axis=1)
        component, kinds = np.unique(pairs[0], return_counts=True)
        found.append(component[kinds > 1])
    if apart is not None and len(apart[0]):
        together = label[apart[0]] == label[apart[1]]
        found.append(label[apart[0]][together])
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _root(parent: dict[int, int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _join(
    a: int,
    b: int,
    parent: dict[int, int],
    kinds: dict[int, set[int]],
    forbidden: dict[int, set[int]],
    members: dict[int, set[int]],
) -> None:
    """Join two clusters unless they hold what cannot be one; the lesser node names the result."""
    if a == b or len(kinds[a] | kinds[b]) > 1 or forbidden[a] & members[b]:
        return
    a, b = min(a, b), max(a, b)
    parent[b] = a
    kinds[a] |= kinds.pop(b)
    forbidden[a] |= forbidden.pop(b)
    members[a] |= members.pop(b)


def average_clusters(
    label: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    bits: NDArray[np.float64],
    *,
    ceiling: float = 5.0,
) -> NDArray[np.int64]:
    """Divide components so that each cluster's records agree on the whole: mean log-odds of all pairs across a join above even.

    One strong pair does not bring two groups together that otherwise contradict each other; bits are cut at `ceiling` on both
    sides, so that one pair counts as one opinion.

    Args:
        label: the component of each node.
        left: one end of every pair within a component to be divided; a component without pairs stays as it is.
        right: the other end.
        bits: log-odds (base 2) of the pair being one person.
        ceiling: how much one pair can say.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    result = label.copy()
    if not len(left):
        return result
    order = np.lexsort((right, left, label[left]))
    left, right, bits = left[order], right[order], np.clip(bits[order], -ceiling, ceiling)
    starts = np.flatnonzero(np.concatenate([[True], label[left][1:] != label[left][:-1]]))
    for start, end in zip(starts, np.concatenate([starts[1:], [len(left)]]), strict=True):
        nodes, place = np.unique(np.concatenate([left[start:end], right[start:end]]), return_inverse=True)
        distance = np.full((len(nodes), len(nodes)), 2 * ceiling)
        a, b = place[: end - start], place[end - start :]
        distance[a, b] = distance[b, a] = ceiling - bits[start:end]
        np.fill_diagonal(distance, 0)
        group = fcluster(linkage(squareform(distance, checks=False), method="average"), ceiling, criterion="distance")
        for one in np.unique(group):
            result[nodes[group == one]] = nodes[group == one].min()
    return result
