//! A plot of ratios over message sizes, as an SVG file.
//!
//! Invariant: both axes are logarithmic, and the line at 1 (as good as the other) is
//! always in view.

use std::fmt::Write as _;

use super::statistics::Ratio;

pub(super) const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 560.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 104.0;
const TOP: f64 = 112.0;
const BOTTOM: f64 = 74.0;
/// Okabe and Ito's colours, which colour-blind readers can tell apart, each with its own mark.
pub(super) const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];

/// A line of the plot.
#[derive(Clone, Debug)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// Message size in bytes, and the ratio there.
    pub points: Vec<(usize, Ratio)>,
}

/// A plot.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The headline.
    pub title: String,
    /// The smaller line below it.
    pub subtitle: String,
    /// What the vertical axis means.
    pub vertical: String,
    /// What is at 1.
    pub one: String,
    /// The lines.
    pub series: Vec<Series>,
}

/// The part of the plane that is drawn, in logarithms.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
    ticks: Vec<f64>,
}

impl Plot {
    /// The SVG document; none if there is no point.
    pub fn svg(&self) -> Option<String> {
        let frame = Frame::around(&self.series)?;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"13\" fill=\"#333\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        text(
            &mut svg,
            LEFT,
            34.0,
            "font-size=\"20\" font-weight=\"bold\" fill=\"#111\"",
            &self.title,
        );
        text(&mut svg, LEFT, 57.0, "fill=\"#666\"", &self.subtitle);
        self.legend(&mut svg);
        frame.draw(&mut svg, self.sizes(), &self.one);
        let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
        let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 24 {middle})\"");
        text(&mut svg, 24.0, middle, &turned, &self.vertical);
        let centre = (LEFT + WIDTH - RIGHT) / 2.0;
        text(
            &mut svg,
            centre,
            HEIGHT - 22.0,
            "text-anchor=\"middle\"",
            "message size",
        );
        let lines = self.series.len();
        for (index, series) in self.series.iter().enumerate() {
            // Side by side, so that the ranges do not hide each other.
            let aside = (index as f64 - (lines as f64 - 1.0) / 2.0) * 7.0;
            frame.series(&mut svg, series, index, aside);
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }

    /// All message sizes.
    fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self
            .series
            .iter()
            .flat_map(|s| s.points.iter().map(|(size, _)| *size))
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    fn legend(&self, svg: &mut String) {
        let mut x = LEFT;
        for (index, series) in self.series.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            let _ = writeln!(
                svg,
                "<line x1=\"{x}\" y1=\"83\" x2=\"{}\" y2=\"83\" stroke=\"{colour}\" \
                 stroke-width=\"2.5\"/>",
                x + 30.0
            );
            mark(svg, index, x + 15.0, 83.0);
            text(svg, x + 38.0, 87.5, "", &series.name);
            x += 38.0 + 8.2 * series.name.chars().count() as f64 + 26.0;
        }
    }
}

impl Frame {
    fn around(series: &[Series]) -> Option<Frame> {
        let points: Vec<&(usize, Ratio)> = series.iter().flat_map(|s| &s.points).collect();
        let first = points.first()?;
        let (mut x, mut y) = ((first.0 as f64, first.0 as f64), (1.0f64, 1.0f64));
        for (size, ratio) in points {
            x = (x.0.min(*size as f64), x.1.max(*size as f64));
            y = (y.0.min(ratio.low), y.1.max(ratio.high));
        }
        let (low, high, ticks) = scale(y.0, y.1);
        let x = (x.0.max(1.0).log2() - 0.6, x.1.max(1.0).log2() + 0.6);
        Some(Frame {
            x,
            y: (low.log2(), high.log2()),
            ticks,
        })
    }

    fn x(&self, size: usize) -> f64 {
        let part = ((size.max(1) as f64).log2() - self.x.0) / (self.x.1 - self.x.0);
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, ratio: f64) -> f64 {
        let part = (ratio.log2() - self.y.0) / (self.y.1 - self.y.0);
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
    }

    /// Grid, axes and the line at 1.
    fn draw(&self, svg: &mut String, sizes: Vec<usize>, at_one: &str) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for &tick in &self.ticks {
            let y = self.y(tick);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#e4e4e4\"/>"
            );
            text(
                svg,
                LEFT - 9.0,
                y + 4.5,
                "text-anchor=\"end\"",
                &times(tick),
            );
        }
        for size in sizes {
            let x = self.x(size);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#f0f0f0\"/>\n\
                 <line x1=\"{x:.1}\" y1=\"{bottom}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#888\"/>",
                bottom + 5.0
            );
            text(
                svg,
                x,
                bottom + 21.0,
                "text-anchor=\"middle\"",
                &bytes(size),
            );
        }
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {TOP} V{bottom} H{right}\" fill=\"none\" stroke=\"#888\"/>"
        );
        let one = self.y(1.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{one:.1}\" x2=\"{right}\" y2=\"{one:.1}\" stroke=\"#222\" \
             stroke-width=\"1.6\" stroke-dasharray=\"7 4\"/>"
        );
        text(svg, right + 8.0, one + 4.5, "fill=\"#222\"", at_one);
    }

    fn series(&self, svg: &mut String, series: &Series, index: usize, aside: f64) {
        let colour = COLOURS[index % COLOURS.len()];
        let mut path = String::new();
        for (size, ratio) in &series.points {
            let (x, y) = (self.x(*size) + aside, self.y(ratio.median));
            let _ = write!(
                path,
                "{}{x:.1} {y:.1} ",
                if path.is_empty() { 'M' } else { 'L' }
            );
            let (low, high) = (self.y(ratio.low), self.y(ratio.high));
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {low:.1} V{high:.1} M{:.1} {low:.1} H{:.1} M{:.1} {high:.1} \
                 H{:.1}\" stroke=\"{colour}\" stroke-width=\"1.4\" stroke-opacity=\"0.65\"/>",
                x - 3.0,
                x + 3.0,
                x - 3.0,
                x + 3.0
            );
        }
        let _ = writeln!(
            svg,
            "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.trim_end()
        );
        for (size, ratio) in &series.points {
            mark(svg, index, self.x(*size) + aside, self.y(ratio.median));
        }
    }
}

/// Limits and grid lines for values between `low` and `high`, around which there is some room.
pub(super) fn scale(low: f64, high: f64) -> (f64, f64, Vec<f64>) {
    let low = low.clamp(1e-4, 0.93) / 1.06;
    let high = high.clamp(1.08, 1e4) * 1.06;
    let fine = [
        0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0,
    ];
    let within = |ticks: Vec<f64>| -> Vec<f64> {
        ticks
            .into_iter()
            .filter(|t| (low..=high).contains(t))
            .collect()
    };
    let ticks = if high / low < 2.4 {
        within(fine.to_vec())
    } else if high / low < 12.0 {
        let octaves = (-14..=14).map(|k| 2f64.powi(k));
        within(octaves.flat_map(|v| [v, v * 1.5]).collect())
    } else {
        within((-14..=14).map(|k| 2f64.powi(k)).collect())
    };
    (low, high, ticks)
}

/// A mark at a point, of its own shape for each line.
fn mark(svg: &mut String, index: usize, x: f64, y: f64) {
    let style = format!(
        "fill=\"{}\" stroke=\"white\" stroke-width=\"1.2\"",
        COLOURS[index % COLOURS.len()]
    );
    let _ = match index % 4 {
        0 => writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" {style}/>"),
        1 => writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\" {style}/>",
            x - 4.5,
            y - 4.5
        ),
        2 => writeln!(
            svg,
            "<path d=\"M{x:.1} {:.1} l5.6 9.6 h-11.2 Z\" {style}/>",
            y - 6.0
        ),
        _ => writeln!(
            svg,
            "<path d=\"M{x:.1} {:.1} l5.8 5.8 l-5.8 5.8 l-5.8 -5.8 Z\" {style}/>",
            y - 5.8
        ),
    };
}

pub(super) fn text(svg: &mut String, x: f64, y: f64, attributes: &str, content: &str) {
    let content = content
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{content}</text>"
    );
}

/// `1.5×`
pub(super) fn times(ratio: f64) -> String {
    format!("{}×", (ratio * 1000.0).round() / 1000.0)
}

/// `16 B`, `4 KiB`, `1 MiB`
pub fn bytes(size: usize) -> String {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    match size {
        s if s >= MIB && s % MIB == 0 => format!("{} MiB", s / MIB),
        s if s >= KIB && s % KIB == 0 => format!("{} KiB", s / KIB),
        s => format!("{s} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(usize, Ratio)>) -> Plot {
        Plot {
            title: "a < b & c".to_string(),
            subtitle: String::new(),
            vertical: "ratio".to_string(),
            one: "other".to_string(),
            series: vec![Series {
                name: "tcp".to_string(),
                points,
            }],
        }
    }

    fn same(value: f64) -> Ratio {
        Ratio {
            median: value,
            low: value,
            high: value,
        }
    }

    #[test]
    fn nothing_gives_no_plot() {
        assert!(plot(Vec::new()).svg().is_none());
    }

    #[test]
    fn one_is_always_in_view_and_text_is_escaped() {
        for value in [0.001, 0.9, 1.0, 3.0, 500.0] {
            let svg = plot(vec![(16, same(value)), (1 << 20, same(value))])
                .svg()
                .unwrap();
            assert!(svg.contains("a &lt; b &amp; c"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{value}");
            let frame = Frame::around(&[Series {
                name: String::new(),
                points: vec![(16, same(value))],
            }])
            .unwrap();
            for inside in [1.0, value] {
                let y = frame.y(inside);
                assert!(
                    y > TOP && y < HEIGHT - BOTTOM,
                    "{inside} of {value} is at {y}"
                );
            }
            assert!(
                frame.ticks.contains(&1.0) && frame.ticks.len() >= 2,
                "{:?}",
                frame.ticks
            );
        }
    }

    #[test]
    fn sizes_and_ratios_have_short_names() {
        assert_eq!(
            [16, 1000, 1024, 65536, 1 << 20].map(bytes),
            ["16 B", "1000 B", "1 KiB", "64 KiB", "1 MiB"]
        );
        assert_eq!(
            [0.25, 1.0, 1.5, 16.0].map(times),
            ["0.25×", "1×", "1.5×", "16×"]
        );
    }
}
