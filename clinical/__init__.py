"""The clinical rules: pure functions over values, readable without the rest."""
