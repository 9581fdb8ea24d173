//! A plot of ratios that have no message size to stand over: a bar each, as an SVG file.
//!
//! Invariant: the axis is logarithmic, and 1 (as good as the other) is always in view.

use std::fmt::Write as _;

use super::plot::{COLOURS, WIDTH, scale, text, times};
use super::statistics::Ratio;

const LEFT: f64 = 290.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 92.0;
const STEP: f64 = 26.0;
const BAR: f64 = 14.0;

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    pub name: String,
    /// How many times better.
    pub ratio: Ratio,
    /// How many times better it is to be.
    pub target: Option<f64>,
}

/// The SVG document; none without a bar. `one` is what stands at 1.
pub fn svg(title: &str, subtitle: &str, one: &str, bars: &[Bar]) -> Option<String> {
    let low = bars.iter().map(|b| b.ratio.low).fold(1.0, f64::min);
    let high = bars
        .iter()
        .flat_map(|b| [b.ratio.high, b.target.unwrap_or(1.0)]);
    let (low, high, ticks) = scale(low, high.fold(1.0, f64::max));
    if bars.is_empty() {
        return None;
    }
    let bottom = TOP + STEP * bars.len() as f64;
    let x = |ratio: f64| {
        let part = (ratio.clamp(low, high) / low).ln() / (high / low).ln();
        LEFT + part * (WIDTH - LEFT - RIGHT)
    };
    let height = bottom + 56.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"13\" fill=\"#333\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let bold = "font-size=\"20\" font-weight=\"bold\" fill=\"#111\"";
    text(&mut svg, 24.0, 34.0, bold, title);
    text(&mut svg, 24.0, 57.0, "fill=\"#666\"", subtitle);
    let legend = "times better, median of the runs; thin line: their range; red: the target";
    text(&mut svg, 24.0, 76.0, "fill=\"#666\"", legend);
    for tick in ticks {
        let at = x(tick);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#e4e4e4\"/>"
        );
        let below = bottom + 20.0;
        text(&mut svg, at, below, "text-anchor=\"middle\"", &times(tick));
    }
    let zero = x(1.0);
    for (index, bar) in bars.iter().enumerate() {
        let top = TOP + STEP * index as f64 + (STEP - BAR) / 2.0;
        let middle = top + BAR / 2.0;
        let end = x(bar.ratio.median);
        let colour = COLOURS[usize::from(bar.ratio.median < 1.0)];
        let _ = writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\n\
             <path d=\"M{:.1} {middle:.1} H{:.1}\" stroke=\"#222\" stroke-width=\"1.2\"/>",
            zero.min(end),
            (end - zero).abs().max(0.5),
            x(bar.ratio.low),
            x(bar.ratio.high)
        );
        if let Some(target) = bar.target {
            let at = x(target);
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {:.1} v{:.1}\" stroke=\"#c00\" stroke-width=\"2.5\"/>",
                top - 3.0,
                BAR + 6.0
            );
        }
        let right = "text-anchor=\"end\"";
        text(&mut svg, LEFT - 10.0, middle + 4.5, right, &bar.name);
        let said = format!("{:.2}×", bar.ratio.median);
        text(&mut svg, WIDTH - RIGHT + 12.0, middle + 4.5, "", &said);
    }
    let _ = writeln!(
        svg,
        "<line x1=\"{zero:.1}\" y1=\"{}\" x2=\"{zero:.1}\" y2=\"{bottom}\" stroke=\"#222\" \
         stroke-width=\"1.6\"/>",
        TOP - 4.0
    );
    let below = bottom + 40.0;
    text(
        &mut svg,
        zero,
        below,
        "text-anchor=\"middle\"",
        &format!("1 = {one}"),
    );
    svg.push_str("</svg>\n");
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gives_no_plot() {
        assert!(svg("", "", "", &[]).is_none());
    }

    #[test]
    fn every_bar_and_target_is_drawn() {
        let bar = |median: f64, target| Bar {
            name: "a < b".to_string(),
            ratio: Ratio {
                median,
                low: median / 2.0,
                high: median * 2.0,
            },
            target,
        };
        let bars = [bar(0.5, None), bar(1.0, Some(2.0)), bar(40.0, Some(2.5))];
        let svg = svg("t", "s", "other", &bars).unwrap();
        assert_eq!(svg.matches("a &lt; b").count(), 3);
        assert_eq!(svg.matches("#c00").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
