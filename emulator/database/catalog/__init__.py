"""Which tables exist, for which tenant, in which state; what their settings bring with them."""
