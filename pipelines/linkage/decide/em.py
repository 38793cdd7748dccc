"""How m and the share of matches are learnt from pattern counts: expectation–maximisation.

Belongs here: the estimation itself. Does not belong here: the model that it ends in (`weights`) and which pairs teach it
(`pipelines.linkage.train`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.linkage.decide.weights import FLOOR, Floats


@dataclass(frozen=True)
class Learnt:
    """What expectation–maximisation found: m by comparison, the share of matches, the log-likelihood of every round."""

    m: list[Floats]
    share: float
    log_likelihood: list[float]

    @property
    def healthy(self) -> bool:
        """The log-likelihood never fell and has settled; matches are neither nobody nor everybody."""
        steps = np.diff(self.log_likelihood)
        scale = max(abs(self.log_likelihood[-1]), 1.0)
        settled = len(steps) == 0 or abs(steps[-1]) <= 1e-5 * scale
        return bool((steps >= -1e-8 * scale).all() and settled and 1e-9 < self.share < 1 - 1e-9)


def learn(
    levels: NDArray[np.int64],
    counts: Floats,
    m: list[Floats],
    u: list[Floats],
    *,
    share: float,
    strength: float = 20.0,
    fixed: frozenset[int] = frozenset(),
    blocked: frozenset[int] = frozenset(),
    learn_u: bool = False,
    frequency: Floats | None = None,
    share_fixed: bool = False,
    outside: float = 0.0,
    rounds: int = 200,
) -> Learnt:
    """Expectation–maximisation of m over counts of agreement patterns.

    Args:
        levels: distinct patterns, patterns x comparisons; 0 says nothing.
        counts: how many pairs show each.
        m: where to start, and what `strength` pseudo-matches say.
        u: probabilities among strangers; kept.
        share: first guess of the share of matches.
        strength: weight of the starting m (Dirichlet): a level never seen keeps a little.
        fixed: comparisons whose m is not learnt.
        blocked: comparisons left out altogether (they made the candidates).
        learn_u: learn u as well (only where no better estimate exists).
        frequency: bits of each pattern that the values' own frequencies add (their u is then 1).
        share_fixed: keep `share`: the odds of a random pair, where the u are those of random pairs too.
        outside: pairs beside the counted ones that are known to be strangers; the share is one of all.
        rounds: most rounds.

    Returns:
        m, share and the trace; the penalised log-likelihood never falls.
    """
    m, u = [np.maximum(t, FLOOR) for t in m], [np.maximum(t, FLOOR) for t in u]
    start, start_u = [t.copy() for t in m], [t.copy() for t in u]
    used = [c for c in range(levels.shape[1]) if c not in blocked]
    trace: list[float] = []
    total = counts.sum() + outside
    rarity = np.zeros(len(counts)) if frequency is None else frequency * np.log(2)
    for _ in range(rounds):
        log_m = sum((np.concatenate([[0.0], np.log(m[c])])[levels[:, c]] for c in used), np.zeros(len(counts)))
        log_u = sum((np.concatenate([[0.0], np.log(u[c])])[levels[:, c]] for c in used), np.zeros(len(counts)))
        a, b = np.log(share) + log_m, np.log1p(-share) + log_u - rarity
        both = np.logaddexp(a, b)
        learnt = [c for c in used if c not in fixed]
        penalty = sum(float((strength * start[c] * np.log(m[c])).sum()) for c in learnt)
        if learn_u:
            penalty += sum(float((strength * start_u[c] * np.log(u[c])).sum()) for c in learnt)
        trace.append(float((counts * both).sum()) + outside * float(np.log1p(-share)) + penalty)
        if len(trace) > 1 and abs(trace[-1] - trace[-2]) <= 1e-9 * max(abs(trace[-1]), 1.0):
            break
        weight = counts * np.exp(a - both)
        if not share_fixed:
            share = float(np.clip(weight.sum() / total, 1e-12, 1 - 1e-12))
        for c in learnt:
            size = len(m[c])
            seen = np.bincount(levels[:, c], weights=weight, minlength=size + 1)[1:] + strength * start[c]
            m[c] = np.maximum(seen / seen.sum(), FLOOR)
            if learn_u:
                seen = np.bincount(levels[:, c], weights=counts - weight, minlength=size + 1)[1:] + strength * start_u[c]
                u[c] = np.maximum(seen / seen.sum(), FLOOR)
    return Learnt(m=m, share=share, log_likelihood=trace)
