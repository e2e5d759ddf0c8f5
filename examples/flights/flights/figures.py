"""Figures for people: drawn on matplotlib's own canvas, without the global state of pyplot."""

import polars as pl
from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#1f5fa8", "#d9822b", "#8a8f98"


def plot_calibration(algorithm: str, curve: pl.DataFrame) -> Figure:
    """Forecast against what happened, ten bins of equally many flights; on the diagonal a forecast is true."""
    figure = Figure(figsize=(4.5, 4.2), layout="constrained")
    axes = figure.subplots()
    top = float(curve.select("forecast", "rate").to_numpy().max()) * 1.08
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle="--")
    axes.plot(curve["forecast"], curve["rate"], color=BLUE, marker="o", markersize=4)
    axes.set(xlabel="forecast", ylabel="share of late flights", title=f"Calibration: {algorithm}")
    axes.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    return figure


def plot_comparison(comparison: pl.DataFrame) -> Figure:
    """Loss saved a flight against the rule, with two standard errors over days, and the AUC beside the name."""
    rows = comparison.filter(pl.col("gain_error") > 0).sort("gain")
    figure = Figure(figsize=(6.5, 0.6 * rows.height + 1.2), layout="constrained")
    axes = figure.subplots()
    names = [f"{name}\nAUC {auc:.3f}" for name, auc in rows.select("algorithm", "auc").iter_rows()]
    axes.barh(names, rows["gain"], xerr=2 * rows["gain_error"], color=BLUE, ecolor=GREY, height=0.55, capsize=3)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set(xlabel="log loss saved a flight (two standard errors)", title="Better than the carrier's mean rate by")
    return figure


def plot_by_month(title: str, lines: pl.DataFrame, measure: str) -> Figure:
    """One line a `name` over `month`, from columns `name`, `month` and the measure."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name,), line in lines.sort("month").partition_by("name", as_dict=True, maintain_order=True).items():
        axes.plot(line["month"].dt.strftime("%b"), line[measure], marker="o", markersize=4, label=name)
    axes.set(ylabel=measure.replace("_", " "), title=title)
    axes.legend(frameon=False)
    return figure
