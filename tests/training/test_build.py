"""What a recipe says of the machine reaches the machine."""

from credo.music.texture import SATB
from credo.music.window import Window
from credo.training.build import build
from credo.training.recipe import ModelRecipe, PretrainingRecipe, Recipe


def test_every_layer_is_pretrained_as_the_recipe_says():
    recipe = Recipe(
        model=ModelRecipe(window_steps=16, hidden=(5, 3)),
        pretraining=PretrainingRecipe(k=3, chains=7, decay=2e-4, sparsity=0.5, target=0.05, centring=0.25),
    )
    for rbm in build(recipe, Window(SATB, 16)).rbms:
        assert (rbm.k, rbm.chains, rbm.l2, rbm.sparsity, rbm.target, rbm.centring) == (3, 7, 2e-4, 0.5, 0.05, 0.25)
