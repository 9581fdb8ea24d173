//! What many runs of both libraries say together.
//!
//! Invariant: runs are compared in pairs made one right after the other, so that a machine that
//! gets slower in the course of the measurement hits both alike.

/// Median and range of a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// The median, of the middle two the mean; none of nothing or of what is not a number.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    if sorted.is_empty() || sorted.iter().any(|v| v.is_nan()) {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    Some(if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    })
}

/// The ratios of pairs, above : below; pairs with a side that is not above zero do not count.
pub fn ratio(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Ratio> {
    let ratios: Vec<f64> = pairs
        .into_iter()
        .filter(|(above, below)| *above > 0.0 && *below > 0.0)
        .map(|(above, below)| above / below)
        .collect();
    Some(Ratio {
        median: median(&ratios)?,
        low: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        high: ratios.iter().copied().fold(0.0, f64::max),
    })
}

/// The geometric mean, the only mean of ratios that does not depend on which side is above.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|v| *v <= 0.0 || v.is_nan()) {
        return None;
    }
    Some((values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[f64::NAN, 1.0]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_of_pairs() {
        let found = ratio([(2.0, 1.0), (30.0, 10.0), (1.0, 2.0)]).unwrap();
        assert_eq!(
            found,
            Ratio {
                median: 2.0,
                low: 0.5,
                high: 3.0
            }
        );
    }

    #[test]
    fn useless_pairs_do_not_count() {
        assert_eq!(ratio([(1.0, 0.0), (0.0, 1.0)]), None);
        let found = ratio([(1.0, 0.0), (5.0, 5.0)]).unwrap();
        assert_eq!(
            found,
            Ratio {
                median: 1.0,
                low: 1.0,
                high: 1.0
            }
        );
    }

    #[test]
    fn a_geometric_mean_is_symmetric() {
        let mean = geometric_mean(&[4.0, 0.25, 1.0]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean(&[]), None);
        assert_eq!(geometric_mean(&[1.0, 0.0]), None);
    }
}
