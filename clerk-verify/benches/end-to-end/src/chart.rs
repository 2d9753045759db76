//! The chart: a horizontal bar for each server with authentication.

use plotters::{
    backend::SVGBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea as _},
    element::{PathElement, Rectangle, Text},
    style::{
        Color as _, IntoFont as _, RGBColor, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::{Result, contestant::Framework, summary::Summary};

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: i32 = 820;
const LEFT: i32 = 235;
const RIGHT: i32 = 730;
const TOP: i32 = 62;
const ROW: i32 = 30;
const BAR: i32 = 18;
/// Where the numbers end.
const NUMBERS: i32 = WIDTH - 24;
const FOOT: i32 = 44;

const GRID: RGBColor = RGBColor(128, 138, 148);

/// Colours of text follow the reader's mode, light or dark; those of bars are good for both.
const STYLE: &str = "<style>\
    text { fill: #1f2328 } \
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }\
    </style>";

/// A bar: what it is, how long, and whose.
struct Bar {
    title: String,
    micros: f64,
    framework: Framework,
}

/// The SVG.
pub(crate) fn draw(summaries: &[Summary]) -> Result<String> {
    let bars: Vec<Bar> = summaries.iter().filter_map(bar).collect();
    let scale = Scale::of(&bars);
    let height = TOP + ROW * i32::try_from(bars.len())? + FOOT;
    let mut svg = String::new();
    {
        let size = (WIDTH.try_into()?, height.try_into()?);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        write(
            &canvas,
            "CPU time that authentication adds to a request",
            (16, 24),
            18,
            HPos::Left,
        )?;
        let bottom = height - FOOT;
        for tick in scale.ticks() {
            let x = scale.x(tick);
            let line = vec![(x, TOP - 6), (x, bottom)];
            canvas.draw(&PathElement::new(line, GRID.mix(0.35)))?;
            write(
                &canvas,
                &format!("{tick}"),
                (x, bottom + 12),
                12,
                HPos::Center,
            )?;
        }
        let unit = "µs a request, logarithmic; medians";
        write(
            &canvas,
            unit,
            ((LEFT + RIGHT) / 2, bottom + 30),
            12,
            HPos::Center,
        )?;
        for (index, bar) in bars.iter().enumerate() {
            let middle = TOP + ROW * i32::try_from(index)? + ROW / 2;
            let end = scale.x(bar.micros);
            let corners = [(LEFT, middle - BAR / 2), (end, middle + BAR / 2)];
            canvas.draw(&Rectangle::new(corners, colour(bar.framework).filled()))?;
            write(&canvas, &bar.title, (LEFT - 10, middle), 13, HPos::Right)?;
            let value = if bar.micros < 100.0 {
                format!("{:.1}", bar.micros)
            } else {
                format!("{:.0}", bar.micros)
            };
            write(&canvas, &value, (NUMBERS, middle), 13, HPos::Right)?;
        }
        canvas.present()?;
    }
    // Before the first element; a style sheet outweighs the colours that elements bring.
    Ok(svg.replacen(">\n", &format!(">\n{STYLE}\n"), 1))
}

fn bar(summary: &Summary) -> Option<Bar> {
    let against = summary.against_bare.as_ref()?;
    Some(Bar {
        title: summary.contestant.title(),
        micros: against.added_cpu_micros.median,
        framework: summary.contestant.framework,
    })
}

fn colour(framework: Framework) -> RGBColor {
    match framework {
        Framework::Axum => RGBColor(47, 129, 247),
        Framework::Actix => RGBColor(26, 147, 111),
        Framework::Express => RGBColor(201, 120, 40),
        Framework::Fastify => RGBColor(178, 80, 150),
    }
}

/// In microseconds. What is less, or even below zero, can't be told from nothing.
const LEAST: f64 = 0.1;

/// Logarithmic, between two powers of ten.
struct Scale {
    lowest: i32,
    highest: i32,
}

impl Scale {
    fn of(bars: &[Bar]) -> Self {
        let micros = || bars.iter().map(|bar| bar.micros.max(LEAST));
        let least = micros().fold(f64::INFINITY, f64::min);
        let most = micros().fold(LEAST, f64::max);
        // The shortest bar must be long enough to be seen.
        let lowest = (least / 2.0).log10().floor() as i32;
        let highest = most.log10().ceil() as i32;
        Self {
            lowest,
            highest: highest.max(lowest.saturating_add(1)),
        }
    }

    fn x(&self, micros: f64) -> i32 {
        let whole = f64::from(self.highest - self.lowest);
        let part = (micros.max(LEAST).log10() - f64::from(self.lowest)) / whole;
        LEFT + (f64::from(RIGHT - LEFT) * part.clamp(0.0, 1.0)).round() as i32
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.lowest..=self.highest).map(|exponent| 10_f64.powi(exponent))
    }
}

fn write(canvas: &Canvas<'_>, text: &str, at: (i32, i32), size: i32, side: HPos) -> Result<()> {
    let style = TextStyle::from(("sans-serif", size).into_font()).pos(Pos::new(side, VPos::Center));
    canvas.draw(&Text::new(text, at, style))?;
    Ok(())
}
