"""What was measured, and how it is told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """One measured value. `floor`: what no publisher could beat; `most`, `least_ratio`: what is promised."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    most: float | None = None
    least_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """How near to the floor: 1 is the floor itself, 0.5 takes twice as much."""
        return self.floor / self.value if self.floor is not None and self.value else None

    @property
    def told(self) -> str:
        return _number(self.value, self.unit)

    @property
    def floor_told(self) -> str:
        return "" if self.floor is None else _number(self.floor, self.unit)

    @property
    def goals(self) -> list[str]:
        goals = [f"≤ {self.most:g} {self.unit}".strip()] if self.most is not None else []
        return goals + ([f"ratio ≥ {self.least_ratio:g}"] if self.least_ratio is not None else [])

    @property
    def passes(self) -> bool:
        is_small = self.most is None or self.value <= self.most
        return is_small and (self.least_ratio is None or (self.ratio or 0.0) >= self.least_ratio)


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 or float(value).is_integer() else 1 if value >= 20 else 2
    return f"{value:.{digits}f} {unit}".strip()


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of 100 lie; infinite where there are none."""
    return sorted(values)[min(int(len(values) * share / 100), len(values) - 1)] if values else float("inf")
