"""The loopback FCM and mailbox: what stands in for providers in demo and tests."""
