// What every page has: menus, dialogs, toasts, forms that cannot be sent twice, the list's keys.
import { startAccount } from "./account.js";
import { startForms } from "./forms.js";
import { startList } from "./list.js";
import { startMenus } from "./menus.js";
import { startPasskeys } from "./passkeys.js";
import { startSelection } from "./selection.js";

startPasskeys(); // before the forms: it stops what is not to be sent yet
startAccount();
startMenus();
startForms();
startList();
startSelection();
