//! The demonstration's trials: they really train a model on real data and report each fold of a cross-validation.
//!
//! The data are the 1,599 red wines of Cortez et al. 2009 ("Modeling wine preferences by data mining from physicochemical
//! properties"), which come with `linfa-datasets`. A trial sees tunebot only through its contract: arguments in, JSON
//! lines on standard output out.

use anyhow::{Context, Result};
use linfa::Dataset;
use linfa::prelude::*;
use linfa_elasticnet::ElasticNet;
use linfa_trees::{DecisionTree, SplitQuality};
use ndarray::{Array1, Array2, Axis, concatenate};

/// Folds of the cross-validation: each one is a step that is reported, so that a poor trial can be stopped early.
const FOLDS: usize = 5;
/// A wine is good if its tasters' median grade, from 0 to 10, is above this.
const GOOD_ABOVE: usize = 5;

/// Which model a trial trains, with its parameters.
#[derive(Debug, Clone, PartialEq, clap::Subcommand)]
pub enum Model {
    /// Tells good wines from the others by a decision tree; reports `accuracy`, from 0 to 1.
    Tree {
        #[arg(long)]
        max_depth: usize,
        #[arg(long)]
        min_weight_split: f32,
        #[arg(long)]
        min_weight_leaf: f32,
        #[arg(long, value_parser = ["gini", "entropy"])]
        split_quality: String,
    },
    /// Foretells the grade by a linear model with elastic-net penalty; reports `rmse`, in grades.
    Net {
        #[arg(long)]
        penalty: f64,
        #[arg(long)]
        l1_ratio: f64,
        /// Use the squares of the eleven measurements as well.
        #[arg(long, action = clap::ArgAction::Set)]
        squares: bool,
    },
}

/// Trains on all folds but one, in turn, and prints the mean so far after each.
///
/// # Errors
/// The parameters are not ones that the model takes.
pub fn run(model: &Model) -> Result<()> {
    let wines = linfa_datasets::winequality();
    let metric = match model {
        Model::Tree { .. } => "accuracy",
        Model::Net { .. } => "rmse",
    };
    let features = match model {
        Model::Net { squares: true, .. } => standardised(with_squares(wines.records())),
        Model::Net { squares: false, .. } => standardised(wines.records().clone()),
        Model::Tree { .. } => wines.records().clone(),
    };
    let grades = wines.targets();
    let mut sum = 0.0;
    for fold in 0..FOLDS {
        let held_out = |row: &usize| row % FOLDS == fold;
        let (test, train): (Vec<usize>, Vec<usize>) = (0..grades.len()).partition(held_out);
        sum += match model {
            Model::Tree { .. } => tree_accuracy(model, &features, grades, &train, &test)?,
            Model::Net { penalty, l1_ratio, .. } => net_error((*penalty, *l1_ratio), &features, grades, &train, &test)?,
        };
        let mean = sum / (fold + 1) as f64;
        println!("{}", serde_json::json!({ "step": fold + 1, "metrics": { metric: mean } }));
    }
    println!("{}", serde_json::json!({ "metrics": { metric: sum / FOLDS as f64 } }));
    Ok(())
}

fn tree_accuracy(
    model: &Model,
    features: &Array2<f64>,
    grades: &Array1<usize>,
    train: &[usize],
    test: &[usize],
) -> Result<f64> {
    let Model::Tree { max_depth, min_weight_split, min_weight_leaf, split_quality } = model else {
        anyhow::bail!("not a tree");
    };
    let good = |rows: &[usize]| grades.select(Axis(0), rows).mapv(|grade| grade > GOOD_ABOVE);
    let quality = if split_quality == "gini" { SplitQuality::Gini } else { SplitQuality::Entropy };
    let tree = DecisionTree::params()
        .split_quality(quality)
        .max_depth(Some(*max_depth))
        .min_weight_split(*min_weight_split)
        .min_weight_leaf(*min_weight_leaf)
        .fit(&Dataset::new(features.select(Axis(0), train), good(train)))
        .context("the tree does not take these parameters")?;
    let foretold: Array1<bool> = tree.predict(&features.select(Axis(0), test));
    let right = foretold.iter().zip(&good(test)).filter(|(foretold, truth)| foretold == truth).count();
    Ok(right as f64 / test.len() as f64)
}

fn net_error(
    (penalty, l1_ratio): (f64, f64),
    features: &Array2<f64>,
    grades: &Array1<usize>,
    train: &[usize],
    test: &[usize],
) -> Result<f64> {
    let grade = |rows: &[usize]| grades.select(Axis(0), rows).mapv(|grade| grade as f64);
    let net = ElasticNet::params()
        .penalty(penalty)
        .l1_ratio(l1_ratio)
        .max_iterations(200)
        .tolerance(1e-3)
        .fit(&Dataset::new(features.select(Axis(0), train), grade(train)))
        .context("the elastic net does not take these parameters")?;
    let foretold: Array1<f64> = net.predict(&features.select(Axis(0), test));
    let error = (&foretold - &grade(test)).mapv(|difference| difference * difference).mean();
    error.map(f64::sqrt).context("there is nothing to test on")
}

fn with_squares(columns: &Array2<f64>) -> Array2<f64> {
    concatenate![Axis(1), *columns, columns.mapv(|value| value * value)]
}

/// Each column with mean 0 and standard deviation 1, so that one penalty suits all of them.
fn standardised(mut columns: Array2<f64>) -> Array2<f64> {
    for mut column in columns.axis_iter_mut(Axis(1)) {
        let mean = column.mean().unwrap_or(0.0);
        let deviation = column.std(0.0).max(f64::MIN_POSITIVE);
        column.mapv_inplace(|value| (value - mean) / deviation);
    }
    columns
}
