"""Sphinx configuration: ``uv run --group docs sphinx-build -W -b html docs docs/_build``."""

from importlib.metadata import version as version_of

project = "streamkit"
author = "the streamkit authors"
project_copyright = author
version = release = version_of("streamkit-core")

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["_build", "_make"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "fieldlist"]
myst_heading_anchors = 4  # the anchors that GitHub makes, so links work in both places

html_theme = "furo"
html_title = "streamkit"
html_static_path = ["_static"]
html_css_files = ["streamkit.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e75", "color-brand-content": "#0b6e75"},
    "dark_css_variables": {"color-brand-primary": "#5cc8d0", "color-brand-content": "#5cc8d0"},
}

# `$ ` in a console block is the shell's, not the reader's; output is not copied.
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
