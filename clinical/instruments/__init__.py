"""Scales and item sets as data: which answers are valid, and what they add up to."""

from clinical.instruments.effects import Effect, EffectList, SideEffect
from clinical.instruments.form import Code, Form, InstrumentError, Item, Kind, Suicidality
from clinical.instruments.registry import Registry, registry
from clinical.instruments.score import Score, composite, score
from clinical.instruments.validate import Fault, FaultCode, validate_answers

__all__ = [
    "Code",
    "Effect",
    "EffectList",
    "Fault",
    "FaultCode",
    "Form",
    "InstrumentError",
    "Item",
    "Kind",
    "Registry",
    "Score",
    "SideEffect",
    "Suicidality",
    "composite",
    "registry",
    "score",
    "validate_answers",
]
