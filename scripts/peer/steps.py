# SPDX-License-Identifier: MIT
"""The training step in several ways of writing it for PyTorch. All train inputs-hidden (ReLU)-classes with mean
cross-entropy and RMSprop, epsilon added outside the root.

A step object has train(index, logits) and predict(pixels, logits), which leave the logits of their rows in `logits`,
and parameters(), which gives w1 (inputs x hidden), b1, w2 (hidden x classes), b2 by value.
"""

import inspect

import torch
from torch.nn import functional

RHO, EPSILON = 0.9, 1e-7


class Unavailable(Exception):
    """This version of torch, or this machine, does not support it; the text says why."""


class Data:
    """What the steps read: float images (count x inputs, 0..1), labels (count), one-hot labels (count x classes)."""

    def __init__(self, pixels, labels, classes):
        self.images = pixels.float().div_(255.0)
        self.labels = labels.long()
        self.targets = functional.one_hot(self.labels, classes).float()


class Net(torch.nn.Module):
    """inputs-hidden-classes that starts with the given weights."""

    def __init__(self, w1, w2):
        super().__init__()
        self.first = torch.nn.Linear(w1.shape[0], w1.shape[1], device=w1.device)
        self.last = torch.nn.Linear(w2.shape[0], w2.shape[1], device=w2.device)
        with torch.no_grad():
            self.first.weight.copy_(w1.t())
            self.last.weight.copy_(w2.t())
            self.first.bias.zero_()
            self.last.bias.zero_()

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


class NetWithLoss(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, labels):
        z = self.net(x)
        return functional.cross_entropy(z, labels), z


class Autograd:
    """torch.nn, autograd and torch.optim; forward pass and loss as they are, scripted, or compiled."""

    def __init__(self, kind, mkldnn, data, w1, w2, lr, epsilon):
        self.data, self.tensors = data, mkldnn == "tensors"
        if self.tensors and kind not in ("eager", "foreach"):
            raise Unavailable("only eager and foreach work on MKL-DNN's tensors")
        self.net = Net(w1, w2)
        self.loss = self.wrap(kind, NetWithLoss(self.net))
        options = {"lr": lr, "alpha": RHO, "eps": epsilon}
        if "foreach" in inspect.signature(torch.optim.RMSprop).parameters:
            options["foreach"] = kind != "eager"
        elif kind == "foreach":
            raise Unavailable("RMSprop has no foreach here")
        self.optimizer = torch.optim.RMSprop(self.net.parameters(), **options)

    @staticmethod
    def wrap(kind, module):
        if kind == "jit":
            return torch.jit.script(module)
        if kind == "compile":
            return compiled(module)
        return module

    def train(self, index, logits):
        x = torch.index_select(self.data.images, 0, index)
        labels = torch.index_select(self.data.labels, 0, index)
        if self.tensors:
            z = self.through_mkldnn(x)
            loss = functional.cross_entropy(z, labels)
        else:
            loss, z = self.loss(x, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        logits.copy_(z.detach())

    def through_mkldnn(self, x):
        return self.net.last(torch.relu(self.net.first(x.to_mkldnn()))).to_dense()

    def predict(self, pixels, logits):
        with torch.no_grad():
            logits.copy_(self.net(pixels))

    def parameters(self):
        net = self.net
        return [t.detach().clone() for t in (net.first.weight.t(), net.first.bias, net.last.weight.t(), net.last.bias)]


def compiled(work):
    if not hasattr(torch, "compile"):
        raise Unavailable("this version has no torch.compile")
    return torch.compile(work)


def clip(h):
    h.relu_()


def start_gradient(probabilities, targets, scale):
    """Softmax's output -> gradient of the mean loss with respect to the logits."""
    probabilities.sub_(targets).mul_(scale)


def mask(dh, h):
    """Gradient through ReLU: h, which is no longer needed, becomes 0 or 1."""
    dh.mul_(h.sign_())


def rmsprop(w, v, g, scratch, lr, epsilon):
    v.mul_(RHO).addcmul_(g, g, value=1 - RHO)
    torch.sqrt(v, out=scratch).add_(epsilon)
    w.addcdiv_(g, scratch, value=-lr)


def rmsprop_fusible(w, v, g, scratch, lr, epsilon):
    """The same in a form that torch.compile turns into one pass."""
    root = v * RHO + (1 - RHO) * g * g
    v.copy_(root)
    w.sub_(lr * g / (root.sqrt() + epsilon))


class Rows:
    """Buffers for a batch of that many rows."""

    def __init__(self, rows, inputs, hidden, classes, device):
        def empty(columns):
            return torch.empty(rows, columns, device=device)
        self.x = empty(inputs)
        self.h, self.dh = empty(hidden), empty(hidden)
        self.dz, self.targets = empty(classes), empty(classes)


class Manual:
    """Without autograd. Parameters, optimizer state and gradients are one array each, so that the optimizer is one
    pass over all of them."""

    def __init__(self, kind, mkldnn, data, w1, w2, lr, epsilon):
        if mkldnn == "tensors":
            raise Unavailable("only eager and foreach work on MKL-DNN's tensors")
        self.data, self.lr, self.epsilon = data, lr, epsilon
        self.shape = (w1.shape[0], w1.shape[1], w2.shape[1])
        inputs, hidden, classes = self.shape
        count = inputs * hidden + hidden + hidden * classes + classes
        self.all, self.v, self.gradient, self.scratch = (w1.new_zeros(count) for _ in range(4))
        self.w1, self.b1, self.w2, self.b2 = self.views(self.all)
        self.gw1, self.gb1, self.gw2, self.gb2 = self.views(self.gradient)
        self.w1.copy_(w1)
        self.w2.copy_(w2)
        self.rows = {}
        self.clip, self.start_gradient, self.mask, self.rmsprop = clip, start_gradient, mask, rmsprop
        if kind == "manual-compile":
            self.mask, self.rmsprop = compiled(mask), compiled(rmsprop_fusible)
            self.start_gradient = compiled(start_gradient)

    def views(self, flat):
        inputs, hidden, classes = self.shape
        first, bias, last, end = flat.split((inputs * hidden, hidden, hidden * classes, classes))
        return first.view(inputs, hidden), bias, last.view(hidden, classes), end

    def buffers(self, rows):
        if rows not in self.rows:
            self.rows[rows] = Rows(rows, *self.shape, self.all.device)
        return self.rows[rows]

    def forward(self, x, h, logits):
        torch.addmm(self.b1, x, self.w1, out=h)
        self.clip(h)
        torch.addmm(self.b2, h, self.w2, out=logits)

    @torch.no_grad()
    def train(self, index, logits):
        r = self.buffers(len(index))
        torch.index_select(self.data.images, 0, index, out=r.x)
        torch.index_select(self.data.targets, 0, index, out=r.targets)
        self.forward(r.x, r.h, logits)
        torch.softmax(logits, 1, out=r.dz)
        self.start_gradient(r.dz, r.targets, 1.0 / len(index))
        torch.mm(r.h.t(), r.dz, out=self.gw2)
        torch.sum(r.dz, 0, out=self.gb2)
        torch.mm(r.dz, self.w2.t(), out=r.dh)
        self.mask(r.dh, r.h)
        torch.mm(r.x.t(), r.dh, out=self.gw1)
        torch.sum(r.dh, 0, out=self.gb1)
        self.rmsprop(self.all, self.v, self.gradient, self.scratch, self.lr, self.epsilon)

    @torch.no_grad()
    def predict(self, pixels, logits):
        self.forward(pixels, self.buffers(len(pixels)).h, logits)

    def parameters(self):
        return [t.clone() for t in (self.w1, self.b1, self.w2, self.b2)]

    def state(self):
        """What a step changes and the next one reads."""
        return self.all, self.v


class Recorded:
    """A step whose kernels are recorded as a CUDA graph, one for each number of rows, and then launched together. To
    record is to train: what that changes is put back."""
    WARM_UPS = 3  # steps that allocate, and choose algorithms, before one is recorded

    def __init__(self, step, sizes):
        if not hasattr(step, "state"):
            raise Unavailable("only steps without autograd are recorded as a graph")
        self.step = step
        self.graphs = {rows: self.record(rows) for rows in sizes}

    def record(self, rows):
        """Where a replay finds its index, where it leaves its logits, and the graph."""
        index = self.step.data.labels.new_zeros(rows)
        logits = self.step.all.new_empty(rows, self.step.shape[2])
        before = [t.clone() for t in self.step.state()]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(self.WARM_UPS):
                self.step.train(index, logits)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step.train(index, logits)
        for t, value in zip(self.step.state(), before):
            t.copy_(value)
        return index, logits, graph

    def train(self, index, logits):
        static_index, static_logits, graph = self.graphs[len(index)]
        static_index.copy_(index)
        graph.replay()
        logits.copy_(static_logits)

    def predict(self, pixels, logits):
        self.step.predict(pixels, logits)

    def parameters(self):
        return self.step.parameters()


def make(setting, data, w1, w2, lr, epsilon=EPSILON, sizes=()):
    """The step of a setting (settings.py) at the given start. sizes: numbers of rows that it will train on."""
    kind, mkldnn = setting["step"], setting.get("mkldnn", "on")
    torch.backends.mkldnn.flags(enabled=mkldnn != "off").__enter__()
    if "tf32" in setting:
        torch.backends.cuda.matmul.allow_tf32 = setting["tf32"] == "on"
    build = Manual if kind.startswith("manual") else Autograd
    step = build(kind, mkldnn, data, w1, w2, lr, epsilon)
    return Recorded(step, sizes) if setting.get("graph") == "on" else step
