// Convolution, bias, rectifier and pooling as one operator forward and one back, which updates the weights in place (see operators.cc).
#include <algorithm>

#include "convolution.h"
#include "kernelCall.h"
#include "operators.h"

namespace ops {
namespace {

/** What a node says of its convolution: the matrices, where it has them, are Winograd's. */
struct Convolved {
  bool relu, samePadding, samePooling, winograd;
  int poolSize, poolStride;
  WinogradMatrices matrices;

  explicit Convolved(const Attributes& attributes)
      : relu(attributes.flag("relu")),
        samePadding(attributes.flag("same_padding")),
        samePooling(attributes.flag("same_pooling")),
        winograd(attributes.flag("winograd")),
        poolSize(attributes.integer("pool_size")),
        poolStride(attributes.integer("pool_stride")) {
    require(poolSize >= 1 && poolStride >= 1, "windows must have a size and a stride");
    if (!winograd) return;
    using M = WinogradMatrices;
    read(attributes, "input_matrix", matrices.Bt, matrices.B, M::TILE, M::TILE);
    read(attributes, "kernel_matrix", matrices.G, matrices.Gt, M::TILE, M::SIDE);
    read(attributes, "output_matrix", matrices.At, matrices.A, M::OUTPUTS, M::TILE);
  }

  ConvolutionShape shape(const Tensor& x, const Tensor& W, const Tensor& b) const {
    require(x.rank() == 4 && W.rank() == 4 && W.dim(0) == W.dim(1) && W.dim(2) == x.dim(3) && b.size() == W.dim(3),
            "x, W and b must be batch x height x width x channels, side x side x channels x filters and filters");
    const auto size = [](std::int64_t of) { return static_cast<int>(of); };
    ConvolutionShape s{};
    s.batch = size(x.dim(0));
    s.height = size(x.dim(1));
    s.width = size(x.dim(2));
    s.channels = size(x.dim(3));
    s.filters = size(W.dim(3));
    s.side = size(W.dim(0));
    require(!winograd || s.side == WinogradMatrices::SIDE, "kernels must have 5 values a side for Winograd's matrices");
    s.pad = samePadding ? (s.side - 1) / 2 : 0;
    s.outHeight = samePadding ? s.height : s.height - s.side + 1;
    s.outWidth = samePadding ? s.width : s.width - s.side + 1;
    s.relu = relu;
    s.pooling = {poolSize, poolStride, 0, 0, 0, 0};
    pool(s.outHeight, s.pooling.top, s.pooling.outHeight);
    pool(s.outWidth, s.pooling.left, s.pooling.outWidth);
    require(s.pooling.outHeight >= 1 && s.pooling.outWidth >= 1, "images must be as large as a kernel and a window");
    return s;
  }

 private:
  static void read(const Attributes& attributes, const char* name, float* matrix, float* turned, int rows, int columns) {
    attributes.numbers(name, matrix, rows * columns);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) turned[j * rows + i] = matrix[i * columns + j];
    }
  }

  /** TensorFlow's sizes: SAME centres the windows, with what is odd after the image. */
  void pool(int values, int& before, int& windows) const {
    if (samePooling) {
      windows = (values + poolStride - 1) / poolStride;
      before = std::max(0, (windows - 1) * poolStride + poolSize - values) / 2;
    } else {
      windows = values < poolSize ? 0 : (values - poolSize) / poolStride + 1;
    }
  }
};

#define CONVOLVED                                                                                                 \
  "relu: bool", "same_padding: bool", "pool_size: int", "pool_stride: int", "same_pooling: bool", "winograd: bool", \
      "input_matrix: list(float)", "kernel_matrix: list(float)", "output_matrix: list(float)"

/** The largest values of the windows of f(x * W + b), and which places they came from. */
struct Convolution {
  static constexpr const char* name = "PhasewatchConvolution";
  static constexpr bool stateful = false;
  static constexpr Names<3> inputs = {"x: float", "kernel: float", "bias: float"};
  static constexpr Names<2> outputs = {"y: float", "chosen: int32"};
  static constexpr Names<9> attributes = {CONVOLVED};

  Convolved convolved;

  explicit Convolution(const Attributes& attributes) : convolved(attributes) {}

  void run(const Call& call) const {
    const Tensor x = call.input(0), W = call.input(1), b = call.input(2);
    const ConvolutionShape s = convolved.shape(x, W, b);
    const std::vector<std::int64_t> shape = {s.batch, s.pooling.outHeight, s.pooling.outWidth, s.filters};
    const Tensor y = call.output(shape), chosen = call.output(shape, 1, TF_INT32);
    const Pooled pooled{y.values<float>(), chosen.values<int>()};
    if (convolved.winograd) {
      winogradForward(*chosenKernels, s, convolved.matrices, x.values<float>(), W.values<float>(), b.values<float>(),
                      pooled);
    } else {
      directForward(*chosenKernels, s, x.values<float>(), W.values<float>(), b.values<float>(), pooled);
    }
  }
};

/** Backward through Convolution: the gradient of x, if asked for, and W, b and their slots updated in place. */
struct ConvolutionTraining {
  static constexpr const char* name = "PhasewatchConvolutionTraining";
  static constexpr bool stateful = true;
  static constexpr Names<9> inputs = {"gradient: float", "y: float",    "chosen: int32", "x: float",
                                      "kernel: float",   "bias: float", "rate: float",   "step: float",
                                      "slots: slot_count * float"};
  static constexpr Names<1> outputs = {"input_gradient: float"};
  static constexpr Names<16> attributes = {CONVOLVED,       "slot_count: int >= 0", "need_input: bool", "rule: int",
                                           "decay: float",  "decay2: float",        "epsilon: float",   "l2: float"};
  static constexpr int FIRST_SLOT = 8;

  Convolved convolved;
  bool needInput;
  UpdateRule rule;

  explicit ConvolutionTraining(const Attributes& attributes)
      : convolved(attributes), needInput(attributes.flag("need_input")), rule(attributes) {
    require(convolved.winograd || !needInput, "the gradient of x must not be asked for without Winograd's matrices");
  }

  void run(const Call& call) const {
    const Tensor dy = call.input(0), y = call.input(1), chosen = call.input(2), x = call.input(3);
    const Tensor W = call.input(4), b = call.input(5);
    const ConvolutionShape s = convolved.shape(x, W, b);
    const std::int64_t count = s.batch * s.pooledSize();
    require(dy.size() == count && y.size() == count && chosen.size() == count,
            "y, its gradient and the places chosen must be as many as the windows");
    const TrainedLayer layer(call, W, b, FIRST_SLOT);
    const UpdateScalars scalars = rule.scalars(*call.input(6).values<float>(), *call.input(7).values<float>());
    const Training training{layer.weights, layer.biases, rule.rule, scalars};
    const PooledGradient pooled{dy.values<float>(), y.values<float>(), chosen.values<int>()};
    const Tensor dx = needInput ? call.output({s.batch, s.height, s.width, s.channels}) : call.output({0});
    if (convolved.winograd) {
      winogradBackward(*chosenKernels, s, convolved.matrices, pooled, x.values<float>(), training,
                       needInput ? dx.values<float>() : nullptr);
    } else {
      directBackward(*chosenKernels, s, pooled, x.values<float>(), training);
    }
  }
};

}  // namespace

void registerConvolutions() {
  registerOperator<Convolution>();
  registerOperator<ConvolutionTraining>();
}

}  // namespace ops
