"""The HTTP side: webhooks from payment providers, health and metrics."""
