//! The chart: a bar for each contestant, as long as its multiple of the floor.

use plotters::{
    coord::Shift,
    prelude::{
        Color as _, DrawingArea, IntoDrawingArea as _, IntoFont as _, PathElement, RGBColor,
        Rectangle, SVGBackend, Text, TextStyle,
    },
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{Result, contestant::Group, report::number, rounds::Measured};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

// In pixels.
const WIDTH: u32 = 880;
const TOP: i32 = 102;
const ROW: i32 = 30;
const BAR: i32 = 18;
/// Where the scale begins and ends. There is room for a number beside the longest bar.
const LEFT: i32 = 287;
const RIGHT: i32 = 815;
const NAMES: i32 = 275;
const BOTTOM: i32 = 36;

/// Seen on white and on black, like all other colours here.
const GRAY: RGBColor = RGBColor(117, 125, 135);

// The library takes an em for less than it is.
const SMALL: f64 = 15.5;
const MIDDLE: f64 = 17.0;
const LARGE: f64 = 21.0;

/// From no time at all, at the left, to the greatest multiple.
struct Scale {
    greatest: f64,
}

impl Scale {
    fn of(measured: &[Measured]) -> Self {
        let multiples = measured.iter().map(|one| one.plain.multiple.median);
        Self {
            greatest: multiples.fold(2.0, f64::max),
        }
    }

    fn place(&self, multiple: f64) -> i32 {
        LEFT + (multiple / self.greatest * f64::from(RIGHT - LEFT)).round() as i32
    }

    /// Whole multiples, not too near each other to be read.
    fn ticks(&self) -> impl Iterator<Item = i32> {
        let step = match self.greatest {
            ..8.0 => 1,
            ..16.0 => 2,
            ..50.0 => 5,
            _ => 20,
        };
        (0..=self.greatest as i32).step_by(step)
    }
}

pub(crate) fn svg(measured: &[Measured], bytes: usize) -> Result<String> {
    let bottom = TOP + ROW * i32::try_from(measured.len())?;
    let scale = Scale::of(measured);
    let mut text = String::new();
    let size = (WIDTH, u32::try_from(bottom + BOTTOM)?);
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    title(&area, bytes)?;
    legend(&area)?;
    for tick in scale.ticks() {
        let x = scale.place(f64::from(tick));
        let line = PathElement::new([(x, TOP), (x, bottom)], GRAY.mix(0.25));
        area.draw(&line)?;
        let label = format!("{tick}×");
        write(&area, &label, (x, bottom + 16), SMALL, HPos::Center)?;
    }
    let mut top = TOP;
    for one in measured {
        row(&area, one, &scale, top + ROW / 2)?;
        top += ROW;
    }
    area.present()?;
    drop(area);
    Ok(text)
}

fn title(area: &Area<'_>, bytes: usize) -> Result<()> {
    let title = "CPU time of one verification, as a multiple of the signature check alone";
    write(area, title, (16, 24), LARGE, HPos::Left)?;
    let subtitle = format!("One session token of {bytes} bytes, RSA-2048. Shorter is better.");
    write(area, &subtitle, (16, 50), MIDDLE, HPos::Left)
}

fn legend(area: &Area<'_>) -> Result<()> {
    let entries = [
        (16, Group::Ours, "this library"),
        (126, Group::Rust, "others in Rust"),
        (254, Group::Node, "on Node.js"),
    ];
    for (x, group, text) in entries {
        let corners = [(x, 70), (x + 11, 81)];
        area.draw(&Rectangle::new(corners, colour(group).filled()))?;
        write(area, text, (x + 17, 75), SMALL, HPos::Left)?;
    }
    Ok(())
}

fn row(area: &Area<'_>, one: &Measured, scale: &Scale, middle: i32) -> Result<()> {
    write(area, one.name, (NAMES, middle), MIDDLE, HPos::Right)?;
    let multiple = one.plain.multiple.median;
    // One too short to be seen would look forgotten.
    let end = scale.place(multiple).max(LEFT + 2);
    let corners = [(LEFT, middle - BAR / 2), (end, middle + BAR / 2)];
    area.draw(&Rectangle::new(corners, colour(one.group).filled()))?;
    let label = format!("{}×", number(multiple));
    write(area, &label, (end + 8, middle), MIDDLE, HPos::Left)
}

fn write(area: &Area<'_>, text: &str, at: (i32, i32), size: f64, side: HPos) -> Result<()> {
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(&GRAY)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text, at, style))?;
    Ok(())
}

fn colour(group: Group) -> RGBColor {
    match group {
        Group::Floor => GRAY,
        Group::Ours => RGBColor(45, 164, 78),
        Group::Rust => RGBColor(76, 142, 218),
        Group::Node => RGBColor(201, 140, 40),
    }
}
