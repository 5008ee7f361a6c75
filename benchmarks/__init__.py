"""What Mooring reaches, measured over the local Discord and Stripe: `python -m benchmarks`."""
