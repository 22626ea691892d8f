// What every page has: each module is one behaviour, and each page works without them.
import "./theme.js";
import "./sections.js";
import "./toasts.js";
import "./dialogs.js";
import "./menus.js";
import "./times.js";
import "./forms.js";
import "./shortcuts.js";
import "./palette.js";
import "./bell.js";
