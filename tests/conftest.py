"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No property is about how busy the machine is that looks for a counterexample.
settings.register_profile("mooring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mooring")
