"""Cut graphs, and the cuts that are meant."""

from lossdoctor_checks.detached_graph import DetachedGraph

from lossdoctor.trace import Absent, Present

from .gradients import SITE, run, weight

CUT = {"reached": 0, "flows_to_loss": True, "cut": {"name": "detach", "site": SITE | {"line": 9}, "module": "Net"}}


def test_a_random_encoder_cut_from_the_loss():
    verdict = DetachedGraph().judge(run([weight("enc.weight", **CUT), weight("head.weight", order=1)], learns=False))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.site.line == 9
    assert "detach" in verdict.message


def test_a_trained_backbone_that_is_cut_off_is_healthy_while_the_rest_learns():
    backbone = weight("enc.weight", **CUT, noise_edge=1.9, init_kurtosis=4.5)
    assert isinstance(DetachedGraph().judge(run([backbone, weight("head.weight", order=1)])), Absent)


def test_a_target_network_is_healthy():
    target = weight("target.weight", **CUT, in_optimizer=False, optimizer=-1)
    assert isinstance(DetachedGraph().judge(run([target, weight("online.weight", order=1)])), Absent)


def test_an_unused_head_is_healthy():
    unused = weight("aux.weight", reached=0, used=False)
    assert isinstance(DetachedGraph().judge(run([unused, weight("head.weight", order=1)])), Absent)


def test_a_loss_that_reaches_nothing():
    lost = [weight("a.weight", reached=0), weight("b.weight", reached=0, order=1)]
    behind = [{"name": "detach", "site": SITE | {"line": 11}}]
    losses = [
        {
            "id": 0,
            "main": True,
            "kind": "mse_loss",
            "family": "regression",
            "key": "k",
            "site": SITE,
            "calls": 40,
            "options": {},
            "behind": behind,
        }
    ]
    verdict = DetachedGraph().judge(run(lost, learns=False, losses=losses))
    assert isinstance(verdict, Present)
    assert verdict.site.line == 11


def test_a_model_made_anew_is_another_cause():
    old = [weight("optimizer0.0", reached=0, used=False, origin="optimizer")]
    new = [weight("net.weight", in_optimizer=False, optimizer=-1, order=1)]
    assert isinstance(DetachedGraph().judge(run(old + new, learns=False)), Absent)


def test_a_refused_backward():
    trace = run(learns=False)
    trace.meta["error"] = {
        "type": "RuntimeError",
        "message": "element 0 of tensors does not require grad and does not have a grad_fn",
        "site": SITE,
    }
    assert isinstance(DetachedGraph().judge(trace), Present)


def test_where_the_run_learns_well_a_small_cut_is_a_remark():
    small = weight("gate.weight", **CUT | {"shape": [4, 16], "numel": 64})
    verdict = DetachedGraph().judge(run([small, weight("head.weight", order=1)]))
    assert isinstance(verdict, Present)
    assert verdict.severity == "info"
    assert not verdict.structural


def test_a_great_part_that_the_optimizer_holds_is_not_cut_off_on_purpose():
    verdict = DetachedGraph().judge(run([weight("enc.weight", **CUT), weight("head.weight", order=1)]))
    assert isinstance(verdict, Present)
    assert verdict.severity == "error"
    assert verdict.structural
    assert verdict.remedies[0].runtime


def test_what_changes_all_the_same_is_no_cut_encoder():
    """A teacher that follows its pupil step by step."""
    trace = run([weight("enc.weight", **CUT), weight("head.weight", order=1)])
    trace.arrays["layers/update_norm"][:, 0] = 0.01
    assert isinstance(DetachedGraph().judge(trace), Absent)


def lost(share, learns):
    trace = run([weight("net.weight")], learns=learns)
    trace.records["lost_terms"] = [{"cut": "no_grad", "site": SITE | {"line": 7}, "joined": SITE, "share": share}]
    return DetachedGraph().judge(trace)


def test_the_term_that_matters_carries_no_gradient():
    verdict = lost(0.9, learns=False)
    assert isinstance(verdict, Present)
    assert verdict.site.line == 7
    assert "90%" in verdict.message


def test_a_remark_that_is_added_up_and_a_run_that_learns_are_healthy():
    assert isinstance(lost(0.01, learns=False), Absent)
    assert isinstance(lost(0.9, learns=True), Absent)
