// What every page has: menus, dialogs, toasts, forms that cannot be sent twice, the list's keys.
import { startForms } from "./forms.js";
import { startList } from "./list.js";
import { startMenus } from "./menus.js";

startMenus();
startForms();
startList();
