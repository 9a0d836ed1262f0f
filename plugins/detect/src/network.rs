//! The network, by the library rten.

use rten::{DataType, Dimension, Model, ModelOptions, Value, ValueType, op_registry};
use rten_tensor::{AsView, Layout, Tensor};

use crate::{
    description::Description,
    input::{self, Place, Shape},
    outputs::Output,
};
use safelight_sdk::Image;

/// A network that is ready to run.
pub(crate) struct Network {
    model: Model,
    shape: Shape,
    takes_bytes: bool,
}

/// Sides of an input are at most so long, in pixels.
const MAX_SIDE: usize = 4096;

impl Network {
    /// Reads a network (ONNX).
    ///
    /// Errors, as text: it cannot be read, has an operator that is not there, or another input than one picture.
    pub(crate) fn read(bytes: Vec<u8>, description: &Description, side_px: u32) -> Result<Network, String> {
        let model = options().load(bytes).map_err(|error| error.to_string())?;
        let [input] = model.input_ids() else {
            return Err(format!("it has {} inputs, expected one", model.input_ids().len()));
        };
        let info = model.node_info(*input).ok_or("its input has no description")?;
        let takes_bytes = match info.dtype() {
            Some(ValueType::Tensor(DataType::UInt8)) => true,
            None | Some(ValueType::Tensor(DataType::Float)) => false,
            other => return Err(format!("its input is {other:?}, expected floats or bytes")),
        };
        let shape = shape(&info.shape().unwrap_or_default(), description, side_px)?;
        Ok(Network { model, shape, takes_bytes })
    }

    /// Width and height of the input in pixels.
    pub(crate) fn size(&self) -> [u32; 2] {
        [self.shape.width, self.shape.height]
    }

    /// Runs it on a picture. What it yields, and where the picture lies in its input.
    ///
    /// Errors, as text: it cannot be run on this input.
    pub(crate) fn run(&self, image: Image, description: &Description) -> Result<(Vec<Output>, Place), String> {
        let (bytes, place) = input::bytes(image, self.shape, &description.input);
        let Shape { width, height, channels, planes } = self.shape;
        let (width, height) = (width as usize, height as usize);
        let shape = if planes { [1, channels, height, width] } else { [1, height, width, channels] };
        let value: Value = if self.takes_bytes {
            Tensor::from_data(&shape, bytes).into()
        } else {
            Tensor::from_data(&shape, input::floats(&bytes, self.shape, &description.input)).into()
        };
        let ids = self.model.output_ids();
        let made = self.model.run(vec![(self.model.input_ids()[0], value.into())], ids, None);
        let made = made.map_err(|error| error.to_string())?;
        let name = |id| self.model.node_info(id).and_then(|info| info.name().map(str::to_owned)).unwrap_or_default();
        let outputs = made.into_iter().zip(ids).filter_map(|(value, id)| output(name(*id), value));
        Ok((outputs.collect(), place))
    }
}

/// The shape of the input: where the channels are as the network says it, sides as it says or, where it leaves them
/// open, as the caller or the description says.
fn shape(dimensions: &[Dimension], description: &Description, side_px: u32) -> Result<Shape, String> {
    let fixed = |index: usize| match dimensions.get(index) {
        Some(Dimension::Fixed(length)) => Some(*length),
        _ => None,
    };
    if !dimensions.is_empty() && dimensions.len() != 4 {
        return Err(format!("its input has {} dimensions, expected 4", dimensions.len()));
    }
    if fixed(0).is_some_and(|pictures| pictures != 1) {
        return Err(format!("it takes {} pictures at once, expected one", fixed(0).unwrap_or(0)));
    }
    let is_color = |length: Option<usize>| matches!(length, Some(1 | 3));
    let planes = is_color(fixed(1)) || !is_color(fixed(3));
    let (rows, columns, channels) = if planes { (2, 3, fixed(1)) } else { (1, 2, fixed(3)) };
    let channels = channels.unwrap_or(3);
    if !matches!(channels, 1 | 3) {
        return Err(format!("its input has {channels} channels, expected 1 or 3"));
    }
    let side = |given: Option<usize>, described: u32| {
        let open = if side_px > 0 { side_px } else { described };
        let length = given.unwrap_or(open as usize);
        if (1..=MAX_SIDE).contains(&length) {
            Ok(length as u32)
        } else {
            Err(format!("its input is {length} px long, expected 1 to {MAX_SIDE}"))
        }
    };
    let width = side(fixed(columns), description.input.width)?;
    let height = side(fixed(rows), description.input.height)?;
    Ok(Shape { width, height, channels, planes })
}

/// An output as floats; none for what is no tensor.
fn output(name: String, value: Value) -> Option<Output> {
    fn floats<T: Copy>(tensor: &Tensor<T>, float: fn(T) -> f32) -> (Vec<usize>, Vec<f32>) {
        (tensor.shape().to_vec(), tensor.iter().map(|value| float(*value)).collect())
    }
    let (shape, values) = match value {
        Value::FloatTensor(tensor) => floats(&tensor, |value| value),
        Value::Int32Tensor(tensor) => floats(&tensor, |value| value as f32),
        Value::Int8Tensor(tensor) => floats(&tensor, f32::from),
        Value::UInt8Tensor(tensor) => floats(&tensor, f32::from),
        // Sequences hold several tensors, which no detector yields.
        _ => return None,
    };
    Some(Output { name, shape, values })
}

/// The operators that detectors are made of, convolutional and with attention; not those for sound, text and
/// learning, so that the component stays small.
fn options() -> ModelOptions {
    ModelOptions::with_ops(op_registry!(
        Abs,
        Add,
        And,
        ArgMax,
        ArgMin,
        AveragePool,
        BatchNormalization,
        Cast,
        CastLike,
        Ceil,
        Clip,
        Concat,
        Conv,
        ConvInteger,
        ConstantOfShape,
        ConvTranspose,
        Cos,
        CumSum,
        DequantizeLinear,
        DepthToSpace,
        Div,
        DynamicQuantizeLinear,
        Einsum,
        Elu,
        Equal,
        Erf,
        Exp,
        Expand,
        Flatten,
        Floor,
        Gather,
        GatherElements,
        GatherND,
        Gelu,
        Gemm,
        GlobalAveragePool,
        Greater,
        GreaterOrEqual,
        GridSample,
        HardSigmoid,
        HardSwish,
        Identity,
        If,
        InstanceNormalization,
        LayerNormalization,
        LeakyRelu,
        Less,
        LessOrEqual,
        Log,
        LogSoftmax,
        Loop,
        MatMul,
        MatMulInteger,
        Max,
        MaxPool,
        Mean,
        Min,
        Mod,
        Mul,
        Neg,
        NonMaxSuppression,
        NonZero,
        Not,
        OneHot,
        Or,
        Pad,
        Pow,
        PRelu,
        QuantizeLinear,
        Range,
        Reciprocal,
        ReduceL2,
        ReduceMax,
        ReduceMean,
        ReduceMin,
        ReduceProd,
        ReduceSum,
        ReduceSumSquare,
        Relu,
        Reshape,
        Resize,
        Round,
        ScatterElements,
        ScatterND,
        Shape,
        Sigmoid,
        Sign,
        Sin,
        Size,
        Slice,
        Softmax,
        Softplus,
        Split,
        Sqrt,
        Squeeze,
        Sub,
        Sum,
        Tanh,
        Tile,
        TopK,
        Transpose,
        Trilu,
        Unsqueeze,
        Upsample,
        Where,
        Xor
    ))
}
