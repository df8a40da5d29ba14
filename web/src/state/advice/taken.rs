//! A remedy as a variant.

use super::{
    Advice, EnvironmentForm, Given, MOST, Order, Searching, Source, Variant, VariantState, Variants,
};

/// Puts the change of a row among the variants, and shows it; one that is there already is only shown.
///
/// # Errors
/// There is no room for it.
pub(in crate::state) fn take(
    advice: &Advice,
    row: usize,
    variants: &mut Variants,
    source: &Source,
) -> Result<(), String> {
    let (Searching::Over(found), Some(of)) = (&advice.searching, &advice.of) else {
        return Ok(());
    };
    let row = found.rows.get(row);
    let Some((row, order)) = row.and_then(|row| Some((row, row.order.as_ref()?))) else {
        return Ok(());
    };
    if let Some(known) = taken(order, variants) {
        variants.selected = known.id;
        return Ok(());
    }
    if variants.all.len() >= MOST {
        return Err(format!(
            "At most {MOST} variants: remove one, then take the change"
        ));
    }
    let (stage, before) = (&order.stages[0], of.variant());
    let Variant {
        allocator,
        environment,
        cap,
        ..
    } = &stage.variant;
    let mut variant = (**of).clone();
    variant.allocator = *allocator;
    variant.environment = EnvironmentForm::of(environment);
    if let Some(trims) = stage.trims {
        variant.options.set("trim", trims.to_string());
    }
    if let Some(cap) = cap.filter(|cap| Some(*cap) != before.cap) {
        variant.options.set("cap", (cap.0 >> 20).to_string());
    }
    // Its settings do not say what the program does.
    variant.given = stage
        .trims
        .map(|_| Given::new(row.name.clone(), *allocator, environment));
    variant.typed = None;
    variant.order = source.order(&variant);
    variants.add(variant);
    Ok(())
}

/// The variant that runs a row's change.
pub fn taken<'a>(order: &Order, variants: &'a Variants) -> Option<&'a VariantState> {
    let is_it = |variant: &&VariantState| {
        let own = variant.order.as_ref();
        own.is_some_and(|own| own.as_deref() == Ok(order))
    };
    variants.all.iter().find(is_it)
}
