"""Sets of pieces against one another: is this music like that music?"""
