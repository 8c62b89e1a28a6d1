"""Share: today's play, the goods, posters, and how my shares do.

Nothing is imported here: Today shows a play, and posters bring Pillow with them.
"""
