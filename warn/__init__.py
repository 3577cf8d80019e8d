"""Decide when to wake someone: counts by hour, detectors, rules, alerts."""
