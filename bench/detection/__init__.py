"""Made-up patients with known returns, and how well a watch finds them: the figures we state."""
