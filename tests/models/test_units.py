"""Each kind of units against the enumeration of its states."""

import keras
import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models.rbm import as_states
from credo.models.units import Bernoulli, Joint, Softmax, code_of_unit
from machines import JOINT, KINDS, numpy, tensor

pytestmark = pytest.mark.machine
B = 11


@pytest.fixture(params=["bernoulli", "softmax", "nested"])
def kind(request):
    return KINDS[request.param]


def some_logits(units, rows=B, seed=3):
    return np.random.default_rng(seed).normal(0, 2, (rows, units.size)).astype(np.float32)


def some_codes(groups, rows=B, seed=4):
    return np.random.default_rng(seed).integers(0, np.maximum(groups, 2), (rows, len(groups)))


def probabilities(logits, groups):
    """P(state) of each row, shape (B, states)."""
    weights = np.exp(logits.astype(float) @ oracle.all_states(groups).T)
    return weights / weights.sum(axis=1, keepdims=True)


def test_sizes(kind):
    units, groups = kind
    assert (units.size, units.groups) == (sum(groups), len(groups))


def test_mean_is_the_expectation_over_all_states(kind):
    units, groups = kind
    logits = some_logits(units)
    expected = probabilities(logits, groups) @ oracle.all_states(groups)
    np.testing.assert_allclose(numpy(units.mean(tensor(logits))), expected, atol=1e-6)


def test_mode_is_the_likeliest_state(kind):
    units, groups = kind
    logits = some_logits(units)
    expected = oracle.all_states(groups)[probabilities(logits, groups).argmax(axis=1)]
    np.testing.assert_array_equal(numpy(units.mode(tensor(logits))), expected)


def test_cumulant_is_the_log_of_the_sum_over_all_states(kind):
    units, groups = kind
    logits = some_logits(units)
    expected = np.log(np.exp(logits.astype(float) @ oracle.all_states(groups).T).sum(axis=1))
    np.testing.assert_allclose(numpy(units.cumulant(tensor(logits))), expected, rtol=1e-6)


def test_log_prob_of_codes_is_their_marginal(kind):
    units, groups = kind
    logits, codes = some_logits(units), some_codes(groups)
    got = numpy(units.log_prob(tensor(codes, "int32"), tensor(logits)))
    p, states = probabilities(logits, groups), oracle.all_codes(groups)
    expected = [[np.log(p[row, states[:, g] == codes[row, g]].sum()) for g in range(len(groups))] for row in range(B)]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_codes_and_states_are_two_forms_of_the_same(kind):
    units, groups = kind
    codes = oracle.all_codes(groups)
    v = units.expand(tensor(codes, "int32"))
    np.testing.assert_array_equal(numpy(v), oracle.all_states(groups))
    back = numpy(units.collapse(v))
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, codes)
    for small in ("uint8", "int32"):
        np.testing.assert_array_equal(numpy(as_states(units, tensor(codes, small))), oracle.all_states(groups))
    assert as_states(units, v) is v


def test_spread_gives_each_unit_the_value_of_its_code(kind):
    units, groups = kind
    values = np.random.default_rng(5).normal(size=(B, len(groups))).astype(np.float32)
    np.testing.assert_array_equal(numpy(units.spread(tensor(values))), np.repeat(values, groups, axis=1))
    np.testing.assert_array_equal(numpy(units.spread(tensor(values[0]))), np.repeat(values[0], groups))


def test_the_code_of_each_unit_is_what_its_number_spreads_to(kind):
    units, groups = kind
    spread = numpy(units.spread(tensor(np.arange(len(groups), dtype=np.float32))))
    np.testing.assert_array_equal(code_of_unit(units), spread)


def test_biases_for_a_mean_give_that_mean(kind):
    units, groups = kind
    mean = probabilities(some_logits(units, 1), groups)[0] @ oracle.all_states(groups)
    logits = units.logits_of_mean(mean)
    np.testing.assert_allclose(numpy(units.mean(tensor(logits[None])))[0], mean, atol=2e-3)
    assert np.all(np.isfinite(units.logits_of_mean(np.round(mean))))  # what never or always happens stays possible


def test_biases_of_a_group_sum_to_zero():
    logits = Softmax(2, 3).logits_of_mean(np.array([0.5, 0.3, 0.2, 0.0, 1.0, 0.0]))
    np.testing.assert_allclose(logits.reshape(2, 3).sum(axis=1), 0, atol=1e-5)


def test_a_sample_takes_the_category_where_its_number_falls(kind):
    units, groups = kind
    logits, u = some_logits(units, 997), oracle.uniform(7, 0, (997, len(groups)))
    got = numpy(units.collapse(units.sample(tensor(logits), tensor(u))))
    for g, part in enumerate(np.split(logits.astype(float), np.cumsum(groups)[:-1], axis=1)):
        if groups[g] == 1:
            expected = u[:, g] < 1 / (1 + np.exp(-part[:, 0]))
        else:
            p = np.exp(part) / np.exp(part).sum(axis=1, keepdims=True)
            expected = (np.cumsum(p, axis=1) <= u[:, [g]]).sum(axis=1)
        np.testing.assert_array_equal(got[:, g], expected)


def test_samples_are_as_frequent_as_they_are_likely(kind):
    """One good sampler in ten thousand fails; the seed is fixed."""
    units, groups = kind
    logits, draws = some_logits(units, 1) / 2, 30_011
    u = oracle.uniform(11, 0, (draws, len(groups)))
    v = numpy(units.sample(tensor(np.repeat(logits, draws, axis=0)), tensor(u)))
    expected = probabilities(logits, groups)[0] * draws
    counts = np.bincount(oracle.state_numbers(v, groups), minlength=len(expected))
    assert oracle.chi_square(counts, expected) < oracle.chi_square_limit(len(expected))


@pytest.mark.parametrize("categories", [2, 48])
def test_forbidden_categories_are_never_drawn(categories):
    """Not even with numbers that fall exactly on the borders between categories."""
    rng, rows = np.random.default_rng(13), 1009
    logits = rng.normal(0, 3, (rows, categories)).astype(np.float32)
    forbidden = rng.random(logits.shape) < rng.random((rows, 1))
    forbidden[np.arange(rows), rng.integers(0, categories, rows)] = False  # one at least is allowed
    logits[forbidden] = -1e9
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    borders = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    units = Softmax(1, categories)
    for column in range(min(categories, 7)):
        for ulps in range(-2, 3):
            u = np.clip(borders[:, [column]] * (1 + ulps * np.float32(2**-24)), 0, 1 - 2**-23)
            drawn = numpy(units.collapse(units.sample(tensor(logits), tensor(u))))[:, 0]
            assert not forbidden[np.arange(rows), drawn].any()
    for u in (0, 1 - 2**-23):
        drawn = numpy(units.collapse(units.sample(tensor(logits), tensor(np.full((rows, 1), u)))))[:, 0]
        assert not forbidden[np.arange(rows), drawn].any()


def test_forbidden_bits_are_never_drawn():
    logits, extremes = [[-1e9, 1e9]] * 2, [[0, 0], [1 - 2**-23] * 2]
    assert numpy(Bernoulli(2).sample(tensor(logits), tensor(extremes))).tolist() == [[0, 1], [0, 1]]


def test_configurations_make_the_same_units_again(kind):
    units, groups = kind
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(units))
    assert type(again) is type(units)
    assert again.get_config() == units.get_config()
    codes = tensor(some_codes(groups), "int32")
    np.testing.assert_array_equal(numpy(again.expand(codes)), numpy(units.expand(codes)))


@pytest.mark.parametrize(
    "make", [lambda: Bernoulli(0), lambda: Softmax(2, 0), lambda: Softmax(1.5, 3), lambda: Joint([])]
)
def test_impossible_sizes_are_refused(make):
    with pytest.raises(UsageError, match=r"expected .* got"):
        make()


def test_joint_units_are_those_of_their_parts_side_by_side():
    units, _ = JOINT
    softmax, bernoulli = units.parts
    logits = some_logits(units)
    apart = [numpy(softmax.mean(tensor(logits[:, :6]))), numpy(bernoulli.mean(tensor(logits[:, 6:])))]
    together = numpy(units.mean(tensor(logits)))
    np.testing.assert_allclose(
        together, np.concatenate(apart, axis=1), rtol=1e-6
    )  # kernels differ by the width of rows
