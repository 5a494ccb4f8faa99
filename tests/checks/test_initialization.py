"""bad-initialization and symmetric-init."""

from lossdoctor_checks.bad_initialization import BadInitialization
from lossdoctor_checks.symmetric_init import SymmetricInit

from lossdoctor.trace import Absent, Present

from .gradients import activation, module, run, weight


def scaled(gain, stds, learns=False, kind="relu", **more):
    chain = [weight(f"net.{i}.weight", order=i, init_std=gain / 32**0.5) for i in range(4)]
    calls = [activation(0, i, kind, std=s, **more) for i, s in enumerate(stds)]
    return run(chain, learns=learns, activations=calls)


def test_too_large_with_a_signal_that_grows():
    verdict = BadInitialization().judge(scaled(8.0, [4.0, 30.0, 250.0]))
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].id == "reinitialise"
    assert "too large" in verdict.message


def test_too_large_with_units_saturated_at_once():
    assert isinstance(BadInitialization().judge(scaled(8.0, [0.9, 0.9, 0.9], kind="tanh", saturated=0.8)), Present)


def test_too_small_with_a_signal_that_fades():
    assert isinstance(BadInitialization().judge(scaled(0.02, [1e-2, 1e-4, 1e-6])), Present)


def test_large_without_harm_is_healthy():
    assert isinstance(BadInitialization().judge(scaled(4.0, [0.6, 0.6, 0.6])), Absent)


def test_large_and_learning_is_healthy():
    assert isinstance(BadInitialization().judge(scaled(8.0, [4.0, 30.0, 250.0], learns=True)), Absent)


def test_published_schemes_are_healthy():
    for gain in (0.58, 1.0, 1.41, 2.36):
        assert isinstance(BadInitialization().judge(scaled(gain, [0.6, 0.6, 0.6])), Absent)


def test_a_small_last_layer_is_healthy():
    chain = [weight("a.weight"), weight("b.weight", order=1), weight("head.weight", order=2, init_std=1e-4)]
    assert isinstance(BadInitialization().judge(run(chain, learns=False)), Absent)


def constant(end, **more):
    same = {
        "init_unit_spread": 0.0,
        "init_column_spread": 0.0,
        "end_unit_spread": end,
        "end_column_spread": 0.4,
        "init_std": 0.0,
        "init_absmax": 0.5,
    }
    return run(
        [weight("hidden.weight", **(same | more)), weight("out.weight", order=1)],
        learns=False,
        modules=[module("Net", root=True)],
    )


def test_units_that_stay_alike():
    verdict = SymmetricInit().judge(constant(0.0))
    assert isinstance(verdict, Present)
    assert verdict.structural


def test_units_along_the_columns_of_a_product():
    verdict = SymmetricInit().judge(constant(0.4, used_by="matmul", unit_axis=1, end_column_spread=0.0))
    assert isinstance(verdict, Present)


def test_zeros_that_training_breaks_up_are_healthy():
    assert isinstance(SymmetricInit().judge(constant(0.3)), Absent)


def test_random_starts_are_healthy():
    assert isinstance(SymmetricInit().judge(run()), Absent)


def table(column_spread):
    looked_up = weight(
        "user.weight",
        (300, 12),
        used_by="embedding",
        unit_axis=-1,
        init_unit_spread=0.0,
        init_column_spread=0.0,
        end_unit_spread=0.3,
        end_column_spread=column_spread,
    )
    return run([looked_up, weight("head.weight", order=1)])


def test_columns_of_a_table_that_stay_alike():
    verdict = SymmetricInit().judge(table(0.0))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert isinstance(SymmetricInit().judge(table(0.2)), Absent)
