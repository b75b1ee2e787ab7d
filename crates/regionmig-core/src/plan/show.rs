//! What a person reads of a plan.
// REQ: E-4

use std::collections::BTreeMap;
use std::fmt;

use crate::error::escaped;
use crate::finding::Severity;
use crate::plan::MigrationPlan;
use crate::step::Effect;

/// One line of the table: a service's steps of one verb.
#[derive(Debug, Default)]
struct Row {
    steps: usize,
    additive: usize,
    overwriting: usize,
    irreversible: usize,
    held: usize,
}

impl MigrationPlan {
    /// Returns a rendering with every step and every finding.
    pub fn full(&self) -> FullPlan<'_> {
        FullPlan(self)
    }

    fn rows(&self) -> BTreeMap<(String, String), Row> {
        let mut rows: BTreeMap<(String, String), Row> = BTreeMap::new();
        for step in self.steps() {
            let row = rows.entry((step.service().to_owned(), step.spec.verb.clone())).or_default();
            row.steps += 1;
            match step.spec.effect {
                Effect::Additive => row.additive += 1,
                Effect::Overwriting => row.overwriting += 1,
                Effect::Irreversible => row.irreversible += 1,
            }
            row.held += usize::from(self.held().contains_key(step.id));
        }
        rows
    }

    fn write_title(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.digest().as_str()[..12];
        writeln!(f, "plan {name}: {}, surveyed {:.0}", self.route(), self.surveyed_at())?;
        let held = self.held().len();
        writeln!(f, "{} steps, {held} held, {} findings", self.len(), self.findings().len())
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        if rows.is_empty() {
            return writeln!(f, "\nnothing to do");
        }
        let header = ["service", "step", "steps", "adds", "overwrites", "for good", "held"].map(str::to_owned);
        let of = |((service, verb), row): (&(String, String), &Row)| {
            let counts = [row.steps, row.additive, row.overwriting, row.irreversible, row.held];
            let [steps, adds, overwrites, good, held] = counts.map(|count| match count {
                0 => "-".to_owned(),
                count => count.to_string(),
            });
            [escaped(service), escaped(verb), steps, adds, overwrites, good, held]
        };
        let lines: Vec<[String; 7]> = [header].into_iter().chain(rows.iter().map(of)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 7] = std::array::from_fn(width);
        writeln!(f)?;
        for line in &lines {
            let text = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
                0 | 1 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            writeln!(f, "  {}", text.collect::<Vec<_>>().join("  "))?;
        }
        Ok(())
    }

    /// Sums the findings up: a line for each code, the gravest first.
    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut codes: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&crate::finding::Finding>> = BTreeMap::new();
        for finding in self.findings() {
            codes.entry((std::cmp::Reverse(finding.severity), &finding.code)).or_default().push(finding);
        }
        if !codes.is_empty() {
            writeln!(f, "\nfindings")?;
        }
        for ((_, code), findings) in codes {
            match findings[..] {
                [finding] => writeln!(f, "  {finding}")?,
                [first, ..] => {
                    let (code, message) = (escaped(code), escaped(&first.message));
                    writeln!(f, "  {} [{code}] {} times, such as: {message}", first.severity, findings.len())?;
                }
                [] => {}
            }
        }
        Ok(())
    }

    /// Sums the holds up: a line for each reason that is not another hold.
    fn write_held(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for hold in self.held().values() {
            let reason = match hold {
                crate::plan::Hold::Behind(_) => "waits for a step that is held".to_owned(),
                other => format!("{other}: {}", other.advice()),
            };
            *reasons.entry(reason).or_default() += 1;
        }
        if !reasons.is_empty() {
            writeln!(f, "\nheld")?;
        }
        reasons.iter().try_for_each(|(reason, count)| writeln!(f, "  {count} x {reason}"))
    }
}

impl fmt::Display for MigrationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_title(f)?;
        self.write_table(f)?;
        self.write_held(f)?;
        self.write_findings(f)
    }
}

/// A plan's full rendering: every step in order, every hold and finding.
#[derive(Debug)]
pub struct FullPlan<'a>(&'a MigrationPlan);

impl fmt::Display for FullPlan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        plan.write_title(f)?;
        if plan.len() > 0 {
            writeln!(f, "\nsteps")?;
        }
        for step in plan.steps() {
            writeln!(f, "  {} ({} at the {})", escaped(step.id.as_str()), step.spec.effect, step.spec.place)?;
            if !step.spec.summary.is_empty() {
                writeln!(f, "    {}", escaped(&step.spec.summary))?;
            }
            if !step.spec.takes.is_zero() {
                writeln!(
                    f,
                    "    takes about {:#}",
                    jiff::SignedDuration::try_from(step.spec.takes).unwrap_or_default()
                )?;
            }
            if let Some(hold) = plan.held().get(step.id) {
                writeln!(f, "    held: {hold}: {}", hold.advice())?;
            }
        }
        if !plan.findings().is_empty() {
            writeln!(f, "\nfindings")?;
        }
        plan.findings().iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}
