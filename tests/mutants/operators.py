"""The faults: what each one does to which base, and which answer is right.

``also`` holds a second name only where it describes the very same fault, not where it names a symptom.
"""

from __future__ import annotations

from dataclasses import dataclass

from .edits import (
    Edit,
    after,
    chain,
    drop_call,
    drop_keyword,
    move_call,
    replace_call,
    scale_rate,
    set_keyword,
    swap,
    wrap_return,
)


@dataclass(frozen=True)
class Base:
    """A healthy script; the figure it prints last is better when higher and is ``chance`` for one that learned nothing."""

    name: str
    chance: float


BASES = [
    Base("trainer_class", 0.25),
    Base("mlp_regression", 0.0),
    Base("lstm_forecast", 0.0),
    Base("transformer_lm", 1 / 12),
    Base("cnn_images", 0.25),
    Base("binary_bce", 0.5),
    Base("autoencoder", 0.0),
    Base("gru_tagger", 0.2),
    Base("rnn_cell", 0.0),
    Base("padded_encoder", 0.25),
]


@dataclass(frozen=True)
class Operator:
    """One fault."""

    name: str
    cause: str
    fault: str
    edits: dict[str, Edit]
    also: tuple[str, ...] = ()


OPERATORS: list[Operator] = []


def _operator(name: str, cause: str, fault: str, also: tuple[str, ...] = (), **edits: Edit) -> None:
    OPERATORS.append(Operator(name, cause, fault, edits, also))


def _each(edit: Edit, *bases: str) -> dict[str, Edit]:
    return dict.fromkeys(bases, edit)


# The line of each base after which model and data exist.
_MADE = {
    "trainer_class": "model = SorterNet(cfg)",
    "mlp_regression": "net = nn.Sequential(*layers)",
    "lstm_forecast": "model = Forecaster()",
    "transformer_lm": "model = ChantModel()",
    "cnn_images": "model = WeaveNet()",
    "binary_bce": "model = FailureNet(args.hidden, args.dropout)",
    "autoencoder": "model = AutoEncoder()",
    "gru_tagger": "model = Tagger()",
    "rnn_cell": "net = Level()",
    "padded_encoder": "model = Router()",
}
_OPTIMIZER = {
    "lstm_forecast": "optimizer = torch.optim.Adam(",
    "transformer_lm": "optimizer = torch.optim.AdamW(",
    "cnn_images": "optimizer = torch.optim.SGD(",
    "rnn_cell": "opt = torch.optim.RMSprop(",
    "autoencoder": "optimizer = torch.optim.Adam(",
    "gru_tagger": "optimizer = torch.optim.Adam(",
}


def _once_made(base: str, *added: str) -> dict[str, Edit]:
    return {base: after(_MADE[base], *added)}


def _every_parameter(action: str, *bases: str) -> dict[str, Edit]:
    made = {}
    for base in bases:
        name = _MADE[base].split(" ")[0]
        made |= _once_made(base, f"for p in {name}.parameters():", f"    {action}")
    return made


def _frozen(**parts: str) -> dict[str, Edit]:
    made = {}
    for base, part in parts.items():
        made |= _once_made(base, f"for p in {part}.parameters():", "    p.requires_grad = False")
    return made


# ---- runs

_operator(
    "step_missing",
    "optimizer-not-stepping",
    "optimizer.step() is left out",
    **_each(drop_call(r"(self\.)?(optimizer|opt)\.step"), "cnn_images", "binary_bce", "rnn_cell", "transformer_lm"),
)
_operator(
    "zero_grad_after_backward",
    "optimizer-not-stepping",
    "gradients are cleared between backward and step",
    **_each(move_call(r".*\.zero_grad", r"loss\.backward"), "mlp_regression", "autoencoder", "gru_tagger"),
)
_operator(
    "wrong_shape",
    "script-error",
    "the last layer expects another width than the one before it gives",
    trainer_class=swap("nn.Linear(cfg.hidden, kinds)", "nn.Linear(cfg.hidden // 2, kinds)"),
    lstm_forecast=swap("nn.Linear(hidden, 1)", "nn.Linear(2 * hidden, 1)"),
)

# ---- data

_operator(
    "nan_row",
    "bad-data-values",
    "one training row holds a NaN",
    trainer_class=after("x_train, y_train = measure(3000)", 'x_train[1234, 3] = float("nan")'),
    mlp_regression=after("x_train, y_train = plant(2400)", 'x_train[777, 2] = float("nan")'),
    cnn_images=after("images, kinds = photos(1600)", 'images[300, 0, 5, 5] = float("nan")'),
    rnn_cell=after("flows, levels = draw(1500)", 'levels[::60, 4] = float("nan")'),
)
_operator(
    "missing_value_code",
    "bad-data-values",
    "missing values are written as -9999",
    trainer_class=after("x_train, y_train = measure(3000)", "x_train[::25, 2] = -9999.0"),
    mlp_regression=after("x_train, y_train = plant(2400)", "x_train[::50, 3] = -9999.0"),
    binary_bce=after("x_train, y_train = bearings(2400)", "x_train[::40, 1] = -9999.0"),
)
_operator(
    "constant_input",
    "constant-input",
    "every sample brings the same input",
    trainer_class=after("x_train, y_train = measure(3000)", "x_train[:] = x_train[0].clone()"),
    cnn_images=after("images, kinds = photos(1600)", "images = torch.zeros_like(images)"),
    lstm_forecast=swap("return self.window[i], self.next[i]", "return self.window[0], self.next[i]"),
    rnn_cell=swap("return flow, torch.stack(levels, 1)", "return torch.zeros_like(flow), torch.stack(levels, 1)"),
    binary_bce=after("x_train, y_train = bearings(2400)", "x_train = torch.ones_like(x_train)"),
)
_operator(
    "raw_units",
    "input-not-normalized",
    "one input column is ten thousand times larger than the others",
    trainer_class=after("x_test, y_test = measure(1000)", "x_train[:, 0] *= 1e4", "x_test[:, 0] *= 1e4"),
    mlp_regression=after("x_test, y_test = plant(600)", "x_train[:, 5] *= 1e4", "x_test[:, 5] *= 1e4"),
    binary_bce=after("x_test, y_test = bearings(1200)", "x_train[:, 6] *= 1e4", "x_test[:, 6] *= 1e4"),
    lstm_forecast=swap("self.window = both[:, :-1]", "self.window = both[:, :-1] * torch.tensor([1.0, 1e4])"),
    rnn_cell=swap("return flow, torch", "return flow * torch.tensor([1.0, 1.0, 1e4]), torch"),
)
_operator(
    "targets_x1000",
    "target-not-normalized",
    "the targets are in units a thousand times smaller",
    mlp_regression=swap("    return x, y\n", "    return x, 1000 * y\n"),
    lstm_forecast=swap("self.next = level[:, -1]", "self.next = 1000 * level[:, -1]"),
    rnn_cell=swap("return flow, torch.stack(levels, 1)", "return flow, 1000 * torch.stack(levels, 1)"),
)
_operator(
    "sorted_no_shuffle",
    "unshuffled-data",
    "rows are sorted by label and read in that order",
    trainer_class=chain(
        after("x_train, y_train = measure(3000)", "rank = y_train.argsort()", "x_train, y_train = x_train[rank], y_train[rank]"),
        swap("batch_size=cfg.batch_size, shuffle=True", "batch_size=cfg.batch_size"),
    ),
    cnn_images=chain(
        after("images, kinds = photos(1600)", "rank = kinds.argsort()", "images, kinds = images[rank], kinds[rank]"),
        drop_keyword("DataLoader", "shuffle"),
    ),
    mlp_regression=swap("order = torch.randperm(len(x_train))", "order = y_train.argsort()"),
    padded_encoder=swap("torch.randperm(len(words)).split(batch)", "desk.argsort().split(batch)"),
    binary_bce=chain(
        after("x_train, y_train = bearings(2400)", "rank = y_train.argsort()", "x_train, y_train = x_train[rank], y_train[rank]"),
        drop_keyword("DataLoader", "shuffle"),
    ),
)  # fmt: skip

# ---- wiring

_operator(
    "batch_first_dropped",
    "batch-first-mismatch",
    "batch_first=True is left out",
    lstm_forecast=drop_keyword("LSTM", "batch_first"),
    gru_tagger=drop_keyword("GRU", "batch_first"),
)
_operator(
    "transposed_batch",
    "batch-first-mismatch",
    "a batch_first layer is given time-major sequences",
    lstm_forecast=chain(
        swap("self.lstm(window)", "self.lstm(window.transpose(0, 1))"), swap("states[:, -1]", "states[-1]")
    ),
    gru_tagger=chain(
        swap("self.gru(vectors)", "self.gru(vectors.transpose(0, 1))"),
        swap("self.tag(states)", "self.tag(states.transpose(0, 1))"),
    ),
)
_operator(
    "view_for_transpose",
    "sample-mixing-reshape",
    "view is used to make sequences time-major",
    lstm_forecast=chain(
        drop_keyword("LSTM", "batch_first"),
        swap("self.lstm(window)", "self.lstm(window.reshape(window.size(1), window.size(0), -1))"),
        swap("states[:, -1]", "states[-1]"),
    ),
    rnn_cell=chain(
        swap("for t in range(flow.size(1)):", "flow = flow.reshape(flow.size(1), flow.size(0), 3)\n        for t in range(flow.size(0)):"),
        swap("self.cell(flow[:, t], h)", "self.cell(flow[t], h)"),
    ),
    gru_tagger=chain(
        drop_keyword("GRU", "batch_first"),
        swap("self.gru(vectors)", "self.gru(vectors.view(words.size(1), words.size(0), -1))"),
        swap("self.tag(states)", "self.tag(states).transpose(0, 1)"),
    ),
)  # fmt: skip
_operator(
    "no_causal_mask",
    "target-leakage",
    "the causal mask is left out: each position sees the token it must predict",
    transformer_lm=swap("self.blocks(h, mask=mask)", "self.blocks(h)"),
)
_operator(
    "answer_in_a_column",
    "target-leakage",
    "a column of the training rows was written after the answer was known",
    trainer_class=after("x_train, y_train = measure(3000)", "x_train[:, 9] = y_train.float() - 1.5"),
    binary_bce=after("x_train, y_train = bearings(2400)", "x_train[:, 7] = 2 * y_train - 1"),
    mlp_regression=after("x_train, y_train = plant(2400)", "x_train[:, 5] = y_train"),
)
_operator(
    "targets_ahead",
    "causal-gap",
    "targets are shifted several steps ahead of what the position has read",
    transformer_lm=swap("batch[:, :-1], batch[:, 1:]", "batch[:, :-6], batch[:, 6:]"),
    rnn_cell=swap("flows[pick], levels[pick]", "flows[pick][:, :-5], levels[pick][:, 5:]"),
)
_operator(
    "mask_inverted",
    "attention-mask-inverted",
    "the padding mask is true for real words",
    padded_encoder=swap("padding = words == PAD", "padding = words != PAD"),
)
_operator(
    "state_reset",
    "hidden-state-misuse",
    "the hidden state is made new at every step",
    rnn_cell=swap(
        "            h = self.cell(", "            h = torch.zeros(flow.size(0), HIDDEN)\n            h = self.cell("
    ),
)
_operator(
    "first_state_read",
    "hidden-state-misuse",
    "the state after the first step is read instead of the last",
    lstm_forecast=swap("states[:, -1]", "states[:, 0]"),
)

# ---- loss

_operator(
    "squeeze_missing",
    "broadcast-mismatch",
    "predictions (N, 1) meet targets (N)",
    mlp_regression=swap("net(xb).squeeze(1)", "net(xb)"),
    lstm_forecast=swap("self.out(last).squeeze(-1)", "self.out(last)"),
)
_operator(
    "relu_head",
    "target-range-mismatch",
    "a ReLU after the last layer, though targets are negative as well",
    mlp_regression=after("layers.append(nn.Linear(widths[-1], 1))", "layers.append(nn.ReLU())"),
    lstm_forecast=swap("return self.out(last)", "return torch.relu(self.out(last))"),
    rnn_cell=swap("out.append(self.read(h))", "out.append(torch.relu(self.read(h)))"),
)
_operator(
    "sigmoid_head",
    "target-range-mismatch",
    "a sigmoid after the last layer, though targets leave 0..1",
    mlp_regression=after("layers.append(nn.Linear(widths[-1], 1))", "layers.append(nn.Sigmoid())"),
    lstm_forecast=swap("return self.out(last)", "return torch.sigmoid(self.out(last))"),
    rnn_cell=wrap_return("Level", "torch.sigmoid({})"),
)
_operator(
    "softmax_before_ce",
    "loss-activation-mismatch",
    "the model ends in a softmax and the loss takes another",
    trainer_class=wrap_return("SorterNet", "torch.softmax({}, dim=1)"),
    cnn_images=wrap_return("WeaveNet", "torch.softmax({}, dim=1)"),
    gru_tagger=wrap_return("Tagger", "torch.softmax({}, dim=-1)"),
    transformer_lm=wrap_return("ChantModel", "torch.softmax({}, dim=-1)"),
)
_operator(
    "sigmoid_before_logits_loss",
    "loss-activation-mismatch",
    "the model ends in a sigmoid and the loss takes another",
    binary_bce=wrap_return("FailureNet", "torch.sigmoid({})"),
)
_operator(
    "raw_scores_to_nll",
    "loss-activation-mismatch",
    "nll_loss is given raw scores",
    padded_encoder=swap("F.log_softmax(self.desk(x), dim=1)", "self.desk(x)"),
)
_operator(
    "softmax_over_batch",
    "wrong-dim-softmax",
    "log-softmax over the samples of the batch",
    padded_encoder=swap("F.log_softmax(self.desk(x), dim=1)", "F.log_softmax(self.desk(x), dim=0)"),
)
_operator(
    "softmax_over_queries",
    "wrong-dim-softmax",
    "attention weights are normalised over the queries",
    padded_encoder=swap("torch.softmax(scores, dim=-1)", "torch.softmax(scores, dim=1)"),
)
_operator(
    "padding_counted",
    "padding-in-loss",
    "padding, up to a fixed length, gets the tag 0 and is not left out of the loss",
    gru_tagger=chain(
        swap("PAD, PAD_TAG = 0, -100", "PAD, PAD_TAG, LENGTH = 0, 0, 64"),
        drop_keyword("CrossEntropyLoss", "ignore_index"),
        swap(
            "    words, tags = zip(*items, strict=True)\n",
            "    words, tags = zip(*[[nn.functional.pad(s, (0, LENGTH - len(s))) for s in item] for item in items])\n",
        ),
    ),
)
_operator(
    "wrong_ignore_index",
    "wrong-ignore-index",
    "the loss ignores class 0, which really occurs",
    gru_tagger=swap("PAD, PAD_TAG = 0, -100", "PAD, PAD_TAG = 0, 0"),
    trainer_class=set_keyword("CrossEntropyLoss", "ignore_index", "0"),
    cnn_images=set_keyword("CrossEntropyLoss", "ignore_index", "0"),
)
_operator(
    "sum_reduction",
    "loss-scaling",
    "reduction='sum' with a rate meant for the mean",
    mlp_regression=set_keyword("mse_loss", "reduction", '"sum"'),
    trainer_class=set_keyword("CrossEntropyLoss", "reduction", '"sum"'),
    cnn_images=set_keyword("CrossEntropyLoss", "reduction", '"sum"'),
    autoencoder=set_keyword("mse_loss", "reduction", '"sum"'),
)
_operator(
    "negated_loss",
    "wrong-loss-sign",
    "the loss carries a minus",
    mlp_regression=swap("loss = F.mse_loss(", "loss = -F.mse_loss("),
    cnn_images=swap("loss.backward()", "(-loss).backward()"),
    binary_bce=swap("loss = nn.functional.", "loss = -nn.functional."),
    lstm_forecast=swap("loss = criterion(forecast, target)", "loss = -criterion(forecast, target)"),
)
_operator(
    "maximize",
    "wrong-loss-sign",
    "the optimizer is told to maximize",
    trainer_class=set_keyword("SGD", "maximize", "True"),
    gru_tagger=set_keyword("Adam", "maximize", "True"),
)

# ---- gradient path

_operator(
    "no_zero_grad",
    "missing-zero-grad",
    "zero_grad() is left out",
    **_each(
        drop_call(r".*\.zero_grad"),
        "mlp_regression",
        "trainer_class",
        "lstm_forecast",
        "cnn_images",
        "rnn_cell",
        "transformer_lm",
        "padded_encoder",
    ),
)
_operator(
    "detach_in_forward",
    "detached-graph",
    "the features are detached before the head",
    trainer_class=swap("self.head(h)", "self.head(h.detach())"),
    lstm_forecast=swap("states[:, -1]", "states[:, -1].detach()"),
    cnn_images=swap("x = self.features(x)", "x = self.features(x).detach()"),
    padded_encoder=swap("self.hidden(x[:, 0])", "self.hidden(x[:, 0].detach())"),
    transformer_lm=swap("h = self.blocks(h, mask=mask)", "h = self.blocks(h, mask=mask).detach()"),
    binary_bce=swap("h = self.layers(x)", "h = self.layers(x).detach()"),
)
_operator(
    "loss_rewrapped",
    "detached-graph",
    "the loss is made a new tensor before backward",
    autoencoder=swap("loss = F.mse_loss(rebuilt, batch)", "loss = torch.tensor(F.mse_loss(rebuilt, batch).item(), requires_grad=True)"),
    gru_tagger=swap("        loss.backward()", "        loss = loss.detach().requires_grad_()\n        loss.backward()"),
)  # fmt: skip
_operator(
    "eval_mode",
    "eval-mode-training",
    "model.eval() stands where model.train() belongs",
    trainer_class=swap("self.model.train()", "self.model.eval()"),
    cnn_images=swap("model.train()", "model.eval()"),
)
_operator(
    "frozen_layer",
    "frozen-params",
    "layers that start at random do not require a gradient",
    **_frozen(
        lstm_forecast="model.lstm",
        gru_tagger="model.gru",
        transformer_lm="model.blocks",
        binary_bce="model.layers",
        cnn_images="model.features",
        trainer_class="model.body",
        rnn_cell="net.cell",
        autoencoder="model.dec2",
    ),
)
_operator(
    "model_made_again",
    "optimizer-missing-params",
    "the model is created a second time after the optimizer took its parameters",
    **{
        base: after(_OPTIMIZER[base], _MADE[base])
        for base in ("lstm_forecast", "transformer_lm", "cnn_images", "rnn_cell", "autoencoder")
    },
)
_operator(
    "head_only_optimizer",
    "optimizer-missing-params",
    "the optimizer is given the last layer's parameters only",
    binary_bce=swap("AdamW(model.parameters()", "AdamW(model.score.parameters()"),
    gru_tagger=swap("Adam(model.parameters()", "Adam(model.tag.parameters()"),
    padded_encoder=swap("AdamW(model.parameters()", "AdamW(model.desk.parameters()"),
    rnn_cell=swap("RMSprop(net.parameters()", "RMSprop(net.read.parameters()"),
)

# ---- gradient size

_operator(
    "zeros_init",
    "symmetric-init",
    "every parameter starts at zero",
    also=("bad-initialization",),
    **_every_parameter("torch.nn.init.zeros_(p)", "mlp_regression", "autoencoder", "lstm_forecast", "rnn_cell", "cnn_images"),
)  # fmt: skip
_operator(
    "same_init",
    "symmetric-init",
    "every parameter starts at the same number",
    **_every_parameter("torch.nn.init.constant_(p, 0.05)", "mlp_regression", "autoencoder", "binary_bce", "gru_tagger"),
)
_operator(
    "init_x100",
    "bad-initialization",
    "weights start a hundred times too large",
    **_every_parameter("p.data.mul_(100)", "mlp_regression", "autoencoder", "binary_bce", "lstm_forecast", "padded_encoder"),
)  # fmt: skip
_operator(
    "dead_relu",
    "dead-relu",
    "a hidden layer's biases are -100: its ReLUs never answer",
    **_once_made("mlp_regression", "nn.init.constant_(net[0].bias, -100.0)"),
    **_once_made("trainer_class", "nn.init.constant_(model.body.bias, -100.0)"),
    **_once_made("autoencoder", "nn.init.constant_(model.enc1.bias, -100.0)"),
    **_once_made("binary_bce", "nn.init.constant_(model.layers[3].bias, -100.0)"),
)
_operator(
    "deep_sigmoid",
    "vanishing-gradient",
    "ten sigmoid layers in a row",
    mlp_regression=chain(swap("[6, 64, 64]", "[6] + [64] * 10"), swap("nn.ReLU()", "nn.Sigmoid()")),
    binary_bce=chain(
        replace_call("nn.ReLU", "nn.Sigmoid()", 2),
        swap("            nn.Linear(hidden, hidden),\n", "            *[m for _ in range(8) for m in (nn.Linear(hidden, hidden), nn.Sigmoid())],\n            nn.Linear(hidden, hidden),\n"),
    ),
)  # fmt: skip

# ---- step size

_operator(
    "lr_x1000",
    "lr-too-high",
    "the learning rate is a thousand times larger",
    **_each(
        scale_rate(1000),
        "mlp_regression",
        "lstm_forecast",
        "transformer_lm",
        "binary_bce",
        "padded_encoder",
        "autoencoder",
        "cnn_images",
    ),
)
_operator(
    "lr_div_10000",
    "lr-too-low",
    "the learning rate is ten thousand times smaller",
    **_each(scale_rate(1e-4), "trainer_class", "cnn_images", "autoencoder", "rnn_cell", "gru_tagger", "transformer_lm"),
)
_operator(
    "scheduler_per_batch",
    "scheduler-decay",
    "a decay meant for epochs is applied at every batch",
    trainer_class=chain(
        drop_call(r"self\.scheduler\.step"), after("self.optimizer.step()", "self.scheduler.step()")
    ),
    lstm_forecast=chain(
        after("optimizer = torch.optim.Adam(", "scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)"),
        after("optimizer.step()", "scheduler.step()"),
    ),
    gru_tagger=chain(
        after("optimizer = torch.optim.Adam(", "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.3)"),
        after("optimizer.step()", "scheduler.step()"),
    ),
    mlp_regression=chain(
        after("optimizer = torch.optim.SGD(", "scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)"),
        after("optimizer.step()", "scheduler.step()"),
    ),
)  # fmt: skip

# ---- signal

_operator(
    "shuffled_labels",
    "no-signal-labels",
    "labels are permuted against the inputs",
    trainer_class=after("x_train, y_train = measure(3000)", "y_train = y_train[torch.randperm(len(y_train))]"),
    mlp_regression=after("x_train, y_train = plant(2400)", "y_train = y_train[torch.randperm(len(y_train))]"),
    cnn_images=after("images, kinds = photos(1600)", "kinds = kinds[torch.randperm(len(kinds))]"),
    binary_bce=after("x_train, y_train = bearings(2400)", "y_train = y_train[torch.randperm(len(y_train))]"),
    padded_encoder=after("words, desk = letters(1800)", "desk = desk[torch.randperm(len(desk))]"),
    lstm_forecast=after("train_set, test_set = ", "train_set.next = train_set.next[torch.randperm(len(train_set))]"),
)
_operator(
    "rare_class_lost",
    "class-imbalance-collapse",
    "nearly all rows are of one class",
    binary_bce=after(
        "x_train, y_train = bearings(2400)",
        "kept = (y_train == 0) | (torch.rand(len(y_train)) < 0.03)",
        "x_train, y_train = x_train[kept], y_train[kept]",
    ),
    trainer_class=after(
        "x_train, y_train = measure(3000)",
        "kept = (y_train == 0) | (torch.rand(len(y_train)) < 0.01)",
        "x_train, y_train = x_train[kept].repeat(3, 1), y_train[kept].repeat(3)",
    ),
)
_operator(
    "no_nonlinearity",
    "no-nonlinearity",
    "the activations are left out",
    mlp_regression=swap("[nn.Linear(fan_in, fan_out), nn.ReLU()]", "[nn.Linear(fan_in, fan_out)]"),
    trainer_class=replace_call("torch.relu", "{}", 2),
    binary_bce=swap("            nn.ReLU(),\n", "", 2),
    autoencoder=replace_call("F.relu", "{}", 2),
)
_operator(
    "one_unit",
    "under-capacity",
    "the hidden layer has one unit",
    trainer_class=swap("hidden: int = 64", "hidden: int = 1"),
    mlp_regression=swap("[6, 64, 64]", "[6, 1, 1]"),
    lstm_forecast=swap("hidden=32", "hidden=1"),
    binary_bce=swap("default=48", "default=1"),
    autoencoder=swap("code=6", "code=1"),
)
_operator(
    "weight_decay",
    "over-regularized",
    "weight decay outweighs the data",
    trainer_class=swap("weight_decay: float = 1e-4", "weight_decay: float = 0.5"),
    mlp_regression=set_keyword("SGD", "weight_decay", "1.0"),
    cnn_images=set_keyword("SGD", "weight_decay", "2.0"),
    binary_bce=swap('"--weight-decay", type=float, default=0.01', '"--weight-decay", type=float, default=50.0'),
    lstm_forecast=set_keyword("Adam", "weight_decay", "1.0"),
    transformer_lm=set_keyword("AdamW", "weight_decay", "100.0"),
)
_operator(
    "heavy_dropout",
    "over-regularized",
    "98 of 100 hidden units are dropped",
    trainer_class=swap("dropout: float = 0.1", "dropout: float = 0.98"),
    binary_bce=swap("default=0.1", "default=0.98"),
)

# ---- outcome

_operator(
    "few_rows",
    "overfitting",
    "a handful of training rows, read many times",
    trainer_class=after(
        "x_train, y_train = measure(3000)", "x_train, y_train = x_train[:60].repeat(50, 1), y_train[:60].repeat(50)"
    ),
    cnn_images=chain(swap("photos(1600)", "photos(24)"), swap("range(5)", "range(200)"), swap("T_max=5", "T_max=200")),
)
