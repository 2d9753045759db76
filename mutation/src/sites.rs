//! Where in a file's syntax the mutants are: what each needs to be switched on and off.

use std::collections::HashMap;

use proc_macro2::{LineColumn, Span};
use syn::{spanned::Spanned as _, visit::Visit};

use crate::mutant::Place;

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// By the place that cargo-mutants names.
#[derive(Debug)]
pub(crate) enum Site {
    Binary {
        left: Stretch,
        right: Stretch,
    },
    Unary {
        whole: Stretch,
        operand: Stretch,
    },
    /// The end of the pattern, and the guard if there is one.
    Arm {
        pattern_end: usize,
        guard: Option<Stretch>,
    },
    Field {
        whole: Stretch,
        value: Stretch,
        name: String,
        is_shorthand: bool,
        base: Stretch,
    },
    Guard(Stretch),
}

pub(crate) struct Sites<'t> {
    lines: Vec<usize>,
    text: &'t str,
    /// Several kinds may begin at one place: an arm and the unary operator of its guard do not, but an operand may.
    pub(crate) binary: HashMap<Place, Site>,
    pub(crate) unary: HashMap<Place, Site>,
    pub(crate) arms: HashMap<Place, Site>,
    pub(crate) guards: HashMap<Place, Site>,
    pub(crate) fields: HashMap<Place, Site>,
    /// `const fn` and constants: nothing in them can be switched.
    pub(crate) constant: Vec<Stretch>,
    /// The keyword, with the function's whole text.
    pub(crate) const_functions: Vec<(Stretch, Stretch)>,
    /// What stands in functions that return `impl Iterator`, by where it begins: both ways out of them are of one type.
    pub(crate) opaque: HashMap<usize, Stretch>,
}

impl<'t> Sites<'t> {
    pub(crate) fn of(text: &'t str) -> syn::Result<Self> {
        let mut lines = vec![0];
        lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut sites = Self {
            lines,
            text,
            binary: HashMap::new(),
            unary: HashMap::new(),
            arms: HashMap::new(),
            guards: HashMap::new(),
            fields: HashMap::new(),
            constant: Vec::new(),
            const_functions: Vec::new(),
            opaque: HashMap::new(),
        };
        let file = syn::parse_file(text)?;
        sites.visit_file(&file);
        Ok(sites)
    }

    /// The byte where a place of the list is.
    pub(crate) fn offset(&self, place: Place) -> usize {
        self.byte(place.line, place.column - 1)
    }

    fn byte(&self, line: usize, column: usize) -> usize {
        let start = self.lines[line - 1];
        let rest = &self.text[start..];
        let byte = rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(at, _)| at);
        start + byte
    }

    fn stretch(&self, span: Span) -> Stretch {
        let byte = |at: LineColumn| self.byte(at.line, at.column);
        Stretch {
            start: byte(span.start()),
            end: byte(span.end()),
        }
    }
}

impl Sites<'_> {
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block, whole: Span) {
        if let Some(keyword) = &signature.constness {
            let stretches = (self.stretch(keyword.span()), self.stretch(whole));
            self.const_functions.push(stretches);
        }
        let is_opaque = matches!(&signature.output, syn::ReturnType::Type(_, of) if matches!(**of, syn::Type::ImplTrait(_)));
        if let (true, [first, ..]) = (is_opaque, body.stmts.as_slice()) {
            let last = body.stmts.last().unwrap_or(first);
            let (start, end) = (
                self.stretch(first.span()).start,
                self.stretch(last.span()).end,
            );
            self.opaque.insert(start, Stretch { start, end });
        }
    }
}

fn place(span: Span) -> Place {
    let start = span.start();
    Place {
        line: start.line,
        column: start.column + 1,
    }
}

/// `let` in a chain of conditions: what contains it is no expression that could stand elsewhere.
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Sites<'_> {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if !has_let(&binary.left) && !has_let(&binary.right) {
            let site = Site::Binary {
                left: self.stretch(binary.left.span()),
                right: self.stretch(binary.right.span()),
            };
            self.binary.insert(place(binary.op.span()), site);
        }
        syn::visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let site = Site::Unary {
            whole: self.stretch(unary.span()),
            operand: self.stretch(unary.expr.span()),
        };
        self.unary.insert(place(unary.op.span()), site);
        syn::visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let guard = arm.guard.as_ref().map(|(_, guard)| guard.span());
        let site = Site::Arm {
            pattern_end: self.stretch(arm.pat.span()).end,
            guard: guard.map(|guard| self.stretch(guard)),
        };
        self.arms.insert(place(arm.span()), site);
        if let Some(guard) = guard {
            self.guards
                .insert(place(guard), Site::Guard(self.stretch(guard)));
        }
        syn::visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, expression: &'ast syn::ExprStruct) {
        if let Some(base) = &expression.rest {
            for field in &expression.fields {
                let syn::Member::Named(name) = &field.member else {
                    continue;
                };
                let site = Site::Field {
                    whole: self.stretch(field.span()),
                    value: self.stretch(field.expr.span()),
                    name: name.to_string(),
                    is_shorthand: field.colon_token.is_none(),
                    base: self.stretch(base.span()),
                };
                self.fields.insert(place(field.span()), site);
            }
        }
        syn::visit::visit_expr_struct(self, expression);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block, function.span());
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block, function.span());
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constant.push(self.stretch(item.span()));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constant.push(self.stretch(item.span()));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constant.push(self.stretch(item.span()));
    }
}
