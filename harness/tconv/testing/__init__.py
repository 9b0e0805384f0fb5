"""For your own tests: compares an adapter, or a target, with the oracle.

    from tconv.testing import assert_conforms, cases

    @cases(ndim=[1, 2], i="1..3", k=[2, [3, 2]], s=[1, 2])
    def test_my_adapter_conforms(case):
        assert_conforms(MyAdapter(), case)

    @cases("configs/smoke.toml", targets=["torch:eager@cpu"])
    def test_torch_conforms(target, case):
        assert_conforms(target, case)

A size per axis, such as `[3, 2]`, fits that number of axes only: the other cases are dropped.
Under pytest there is also a fixture, `conformance`, whose worker processes end with the session:
`conformance.assert_conforms("torch", "1d-i3-k2-ci1-co1-f32")`.
"""

from tconv.testing.conformance import Conformance, assert_conforms, cases

__all__ = ["Conformance", "assert_conforms", "cases"]
