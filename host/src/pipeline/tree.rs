//! From the paths of a job's outputs back to a tree of steps.

use crate::job::{Group, Output, Step};

/// The steps of a job as a tree: outputs whose paths begin alike share the beginning.
#[derive(Debug)]
pub struct Tree {
    /// The nodes; a parent stands before its children, the source at index 0.
    pub nodes: Vec<Node>,
}

/// The index of the node that stands for the source itself.
pub const ROOT: usize = 0;

/// A step with what hangs below it.
#[derive(Debug)]
pub struct Node {
    /// The step; none at the root.
    pub step: Option<Step>,
    /// The node whose result this one works on; the root is its own parent.
    pub parent: usize,
    /// The step's index in the path of every output below; 0 at the root, too.
    pub index: usize,
    /// The nodes that work on the result of this one, in the order of the outputs.
    pub children: Vec<usize>,
    /// The outputs that keep the result of this node, by their index in the job.
    pub leaves: Vec<usize>,
    /// All outputs at and below this node, by their index in the job.
    pub outputs: Vec<usize>,
    /// Whether an output at or below belongs to the main group.
    pub main: bool,
}

impl Tree {
    /// Merges equal beginnings: steps are equal when transform and parameters are.
    pub fn new(outputs: &[Output]) -> Tree {
        let mut tree = Tree { nodes: vec![Node::new(None, ROOT, 0)] };
        for (output, spec) in outputs.iter().enumerate() {
            let mut at = ROOT;
            tree.pass(at, output, spec.group);
            for (index, step) in spec.steps.iter().enumerate() {
                let known = tree.nodes[at]
                    .children
                    .iter()
                    .copied()
                    .find(|&child| tree.nodes[child].step.as_ref() == Some(step));
                at = known.unwrap_or_else(|| tree.add(at, index, step));
                tree.pass(at, output, spec.group);
            }
            tree.nodes[at].leaves.push(output);
        }
        tree
    }

    fn add(&mut self, parent: usize, index: usize, step: &Step) -> usize {
        let child = self.nodes.len();
        self.nodes.push(Node::new(Some(step.clone()), parent, index));
        self.nodes[parent].children.push(child);
        child
    }

    fn pass(&mut self, at: usize, output: usize, group: Group) {
        let node = &mut self.nodes[at];
        node.outputs.push(output);
        node.main |= group == Group::Main;
    }
}

impl Node {
    fn new(step: Option<Step>, parent: usize, index: usize) -> Node {
        Node { step, parent, index, children: Vec::new(), leaves: Vec::new(), outputs: Vec::new(), main: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::testing::{output, step};

    #[test]
    fn equal_beginnings_are_one_path() {
        let resize = || step("resize", r#"{"width": 800, "height": 600}"#);
        let outputs = [
            output("a", Group::Main, [resize(), step("blur", "{}")]),
            output("b", Group::Eager, [step("resize", r#"{"height": 600, "width": 800}"#)]),
            output("c", Group::Eager, [step("resize", r#"{"width": 801, "height": 600}"#), step("blur", "{}")]),
            output("d", Group::Main, []),
        ];
        let tree = Tree::new(&outputs);
        let shape: Vec<_> =
            tree.nodes.iter().map(|node| (node.parent, node.index, node.leaves.clone(), node.main)).collect();
        assert_eq!(
            shape,
            [
                (0, 0, vec![3], true),
                (0, 0, vec![1], true),
                (1, 1, vec![0], true),
                (0, 0, vec![], false),
                (3, 1, vec![2], false),
            ]
        );
        assert_eq!(tree.nodes[ROOT].outputs, [0, 1, 2, 3]);
        assert_eq!(tree.nodes[1].outputs, [0, 1]);
        assert_eq!(tree.nodes[ROOT].children, [1, 3]);
    }
}
