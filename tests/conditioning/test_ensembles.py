"""Ensembles: by name, and of instruments that are named."""

import pytest

from credo.conditioning.ensembles import ENSEMBLES, ROLES, Ensemble, ensemble_named
from credo.errors import UsageError


def test_every_ensemble_has_its_name_four_voices_and_all_roles():
    for name, ensemble in ENSEMBLES.items():
        assert ensemble.name == name
        assert ensemble_named(f" {name.upper()} ") is ensemble
        assert len(ensemble.voices) >= 4
        assert tuple(ensemble.roles) == ROLES


def test_named_instruments_share_voices_and_roles_from_the_highest_to_the_lowest():
    trio = ensemble_named("flute, clarinet,cello")
    assert trio.voices == (73, 73, 71, 42)
    assert trio.roles == {"lead": 73, "pad": 71, "arpeggio": 71, "bass": 42}
    assert trio.name == "flute, clarinet, cello"
    assert not trio.drums


def test_one_instrument_does_everything():
    assert ensemble_named("oboe").programs == {68}


def test_a_kit_is_named_beside_the_others():
    combo = ensemble_named("piano, bass, drums")
    assert combo.drums
    assert combo.voices == (0, 0, 32, 32)
    assert ensemble_named(combo.name) == combo


@pytest.mark.parametrize(("count", "programs"), [(1, (73,)), (2, (73, 43)), (4, (73, 68, 48, 43)), (5, None)])
def test_voices_for_keep_the_outer_ones(count, programs):
    orchestra = ENSEMBLES["orchestra"]
    assert orchestra.voices_for(count) == (programs or orchestra.voices)


def test_what_is_not_known_is_told_with_what_is_near():
    with pytest.raises(UsageError, match="string quartet"):
        ensemble_named("strng quartet")
    with pytest.raises(UsageError, match="got 'zither' in 'flute, zither'"):
        ensemble_named("flute, zither")
    for nothing in ("", ",,", "drums"):
        with pytest.raises(UsageError, match="ensemble: expected"):
            ensemble_named(nothing)


def test_an_ensemble_is_whole():
    with pytest.raises(UsageError, match="got 2 and"):
        Ensemble("duo", (40, 42), ENSEMBLES["piano"].roles)
    with pytest.raises(UsageError, match="0 to 127"):
        Ensemble("far", (40, 42, 1, 128), ENSEMBLES["piano"].roles)
