"""Has a school's dynamics been positive? A pure rule over its yearly signs; knows neither database nor clock."""

from app.dynamics.rule import DynamicsRules, Judgement, Step, YearSigns, compare, judge, load_rules, period_of

__all__ = ["DynamicsRules", "Judgement", "Step", "YearSigns", "compare", "judge", "load_rules", "period_of"]
