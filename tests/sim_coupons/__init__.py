"""Seeded interleavings of coupons: phones without a network, the real server services, and what must always hold."""
