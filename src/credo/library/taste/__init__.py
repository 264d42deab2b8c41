"""What a listener likes: ratings, what is learnt from them, and what is recommended and composed by it."""

#: Whose taste it is if nobody says.
MINE = "me"
