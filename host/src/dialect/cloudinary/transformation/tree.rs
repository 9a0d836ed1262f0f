//! Components to tree: layers, conditions.

use std::fmt::{self, Display as _};

use super::{Component, Condition, Error, Limits, component::Head};

/// One step of a transformation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A component.
    Apply(Component),
    /// A layer with components of its own.
    Layer {
        /// Names the layer; its other parameters act on the layer first.
        open: Component,
        /// Act on the layer.
        inner: Vec<Node>,
        /// `fl_layer_apply` and where the layer goes.
        apply: Component,
    },
    /// `if_<condition>` / ... / `if_else` / ... / `if_end`.
    If {
        /// What is asked.
        condition: Condition,
        /// When it holds.
        then: Vec<Node>,
        /// When it does not.
        otherwise: Option<Vec<Node>>,
    },
    /// `if_<condition>,<params>` and perhaps `if_else,<params>`.
    Inline {
        /// What is asked.
        condition: Condition,
        /// When it holds.
        then: Component,
        /// When it does not.
        otherwise: Option<Component>,
    },
}

/// A block that is being read.
struct Block {
    condition: Condition,
    text: String,
    /// The branch before `if_else`, once that is met.
    then: Option<Vec<Node>>,
    /// The nodes around the block.
    around: Vec<Node>,
}

/// Reads components, which are given with their texts, into a tree.
pub(super) fn build(texts: &[&str], limits: &Limits) -> Result<Vec<Node>, Error> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    for text in texts {
        let (head, component) = Component::parse(text)?;
        match head {
            Head::None if component.closes_layer() => close_layer(&mut nodes, component, text)?,
            Head::None if component.is_empty() => {}
            Head::None => nodes.push(Node::Apply(component)),
            Head::If(condition) if component.is_empty() => {
                if blocks.len() >= limits.depth {
                    return Err(too_deep(text, limits));
                }
                let around = std::mem::take(&mut nodes);
                blocks.push(Block { condition, text: (*text).to_owned(), then: None, around });
            }
            Head::If(_) | Head::Else if component.closes_layer() => {
                return Err(Error::new("condition", *text, "no condition where a layer is applied"));
            }
            Head::If(condition) => nodes.push(Node::Inline { condition, then: component, otherwise: None }),
            Head::Else => open_else(&mut nodes, &mut blocks, component, text)?,
            Head::End => {
                if !component.is_empty() {
                    return Err(Error::new("condition", *text, "if_end alone in its component"));
                }
                close_block(&mut nodes, &mut blocks, text)?;
            }
        }
    }
    if let Some(block) = blocks.last() {
        return Err(Error::new("condition", block.text.as_str(), "if_end after it"));
    }
    let depth = depth(&nodes);
    match texts.first() {
        Some(text) if depth > limits.depth => Err(too_deep(text, limits)),
        _ => Ok(nodes),
    }
}

fn too_deep(text: &str, limits: &Limits) -> Error {
    Error::new("component", text, format!("layers and conditions at most {} deep", limits.depth))
}

/// The innermost open layer and what follows it become one node.
fn close_layer(nodes: &mut Vec<Node>, apply: Component, text: &str) -> Result<(), Error> {
    let open = nodes.iter().rposition(|node| matches!(node, Node::Apply(component) if component.layer().is_some()));
    let Some(at) = open else {
        return Err(Error::new("flag", text, "a layer before fl_layer_apply"));
    };
    let inner = nodes.split_off(at + 1);
    if let Some(Node::Apply(open)) = nodes.pop() {
        nodes.push(Node::Layer { open, inner, apply });
    }
    Ok(())
}

/// `if_else` with parameters belongs to a condition with parameters right before it; any other
/// `if_else` to the block that is open, and without one it opens the other branch of such a condition.
fn open_else(nodes: &mut Vec<Node>, blocks: &mut Vec<Block>, component: Component, text: &str) -> Result<(), Error> {
    let block_waits = blocks.last().is_some_and(|block| block.then.is_none());
    let inline = matches!(nodes.last(), Some(Node::Inline { otherwise: None, .. }));
    if inline && !component.is_empty() {
        if let Some(Node::Inline { otherwise, .. }) = nodes.last_mut() {
            *otherwise = Some(component);
        }
        return Ok(());
    }
    if block_waits {
        if let Some(block) = blocks.last_mut() {
            block.then = Some(std::mem::take(nodes));
        }
        if !component.is_empty() {
            nodes.push(Node::Apply(component));
        }
        return Ok(());
    }
    match nodes.pop() {
        Some(Node::Inline { condition, then, otherwise: None }) => {
            let around = std::mem::take(nodes);
            let then = Some(vec![Node::Apply(then)]);
            blocks.push(Block { condition, text: text.to_owned(), then, around });
            Ok(())
        }
        _ => Err(Error::new("condition", text, "a condition before if_else")),
    }
}

/// `if_end` closes the block that is open. Right after a condition with parameters it may stand
/// without one, as that needs no end.
fn close_block(nodes: &mut Vec<Node>, blocks: &mut Vec<Block>, text: &str) -> Result<(), Error> {
    match blocks.pop() {
        Some(block) => {
            let branch = std::mem::replace(nodes, block.around);
            let (then, otherwise) = match block.then {
                Some(then) => (then, Some(branch)),
                None => (branch, None),
            };
            nodes.push(Node::If { condition: block.condition, then, otherwise });
            Ok(())
        }
        None if matches!(nodes.last(), Some(Node::Inline { .. })) => Ok(()),
        None => Err(Error::new("condition", text, "a condition before if_end")),
    }
}

/// How deep layers and blocks stand in each other. Walks the tree without recursion.
fn depth(nodes: &[Node]) -> usize {
    let mut deepest = 0;
    let mut pending: Vec<(&[Node], usize)> = vec![(nodes, 0)];
    while let Some((nodes, depth)) = pending.pop() {
        deepest = deepest.max(depth);
        for node in nodes {
            match node {
                Node::Apply(_) | Node::Inline { .. } => {}
                Node::Layer { inner, .. } => pending.push((inner, depth + 1)),
                Node::If { then, otherwise, .. } => {
                    pending.push((then, depth + 1));
                    pending.push((otherwise.as_deref().unwrap_or_default(), depth + 1));
                }
            }
        }
    }
    deepest
}

/// Prints nodes, each component after a slash but the first.
pub(super) fn print(f: &mut fmt::Formatter<'_>, nodes: &[Node]) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str("/")?;
        }
        match node {
            Node::Apply(component) => component.fmt(f)?,
            Node::Layer { open, inner, apply } => {
                open.fmt(f)?;
                branch(f, inner)?;
                write!(f, "/{apply}")?;
            }
            Node::If { condition, then, otherwise } => {
                write!(f, "if_{condition}")?;
                branch(f, then)?;
                if let Some(otherwise) = otherwise {
                    f.write_str("/if_else")?;
                    branch(f, otherwise)?;
                }
                f.write_str("/if_end")?;
            }
            Node::Inline { condition, then, otherwise } => {
                write!(f, "if_{condition},{then}")?;
                if let Some(otherwise) = otherwise {
                    write!(f, "/if_else,{otherwise}")?;
                }
            }
        }
    }
    Ok(())
}

fn branch(f: &mut fmt::Formatter<'_>, nodes: &[Node]) -> fmt::Result {
    if nodes.is_empty() {
        return Ok(());
    }
    f.write_str("/")?;
    print(f, nodes)
}
