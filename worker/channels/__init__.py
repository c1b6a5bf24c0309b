"""Ways to reach a person: one port, one adapter a provider."""
