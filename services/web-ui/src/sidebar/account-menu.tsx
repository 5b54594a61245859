import { BookOpen, Check, ChevronsUpDown, LogIn, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { usePage } from '../app/page-context.tsx';
import { useBundles, useConfig, useProfile } from '../app/queries.ts';
import { useCell } from '../app/state-cell.ts';
import { THEMES, chooseTheme, themeCell } from '../app/theme.ts';
import type { Theme } from '../app/theme.ts';
import { signInAddress } from '../app/sign-in-address.ts';
import { texts } from '../texts.ts';

/** The bundle that publishes the documentation below `/sites/docs/`; it may be left out. */
const DOCUMENTATION_BUNDLE = 'docs-site';
const THEME_ICONS: Record<Theme, LucideIcon> = { system: Monitor, light: Sun, dark: Moon };

/** Who is signed in and as what, how the page looks, the way out. */
export function AccountMenu() {
  const profile = useProfile().data;
  const signInPath = useConfig()?.auth.sign_in_path ?? undefined;
  const hasDocumentation = useBundles().byId(DOCUMENTATION_BUNDLE) !== undefined;
  if (profile === undefined) return null;
  const isGuest = profile.user_type === 'ANONYMOUS';
  const name =
    profile.user_type === 'ANONYMOUS' ? texts.account.guest : (profile.username ?? profile.user_id);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="flex h-[52px] shrink-0 items-center gap-2.5 rounded-md px-2 text-left hover:bg-paper-3 data-[state=open]:bg-paper-3">
        <span
          aria-hidden="true"
          className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent"
        >
          {initials(name)}
        </span>
        <span className="min-w-0 flex-1 leading-tight">
          <span className="block truncate font-medium">{name}</span>
          <span className="block truncate text-xs text-ink-2">{texts.account.types[profile.user_type]}</span>
          <span className="sr-only">{texts.account.label}</span>
        </span>
        <ChevronsUpDown size={14} className="text-ink-3" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu w-[252px]"
          side="top"
          align="start"
          sideOffset={6}
          collisionPadding={8}
        >
          {isGuest && (
            <p className="px-2 pt-1.5 pb-2.5 text-xs leading-relaxed text-pretty text-ink-2">
              {texts.account.guestHint} {signInPath === undefined && texts.account.guestLinkHint}
            </p>
          )}
          {isGuest && signInPath !== undefined && (
            <DropdownMenu.Item className="menu-item" asChild>
              <a href={signInAddress(signInPath, window.location)}>
                <LogIn size={15} aria-hidden="true" /> {texts.account.signIn}
              </a>
            </DropdownMenu.Item>
          )}
          {!isGuest && signInPath !== undefined && (
            <DropdownMenu.Item className="menu-item" asChild>
              <a href="/auth/account">
                <UserRound size={15} aria-hidden="true" /> {texts.account.manage}
              </a>
            </DropdownMenu.Item>
          )}
          <ThemeChoice />
          {hasDocumentation && <Documentation />}
          {!isGuest && <SignOut />}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function ThemeChoice() {
  const theme = useCell(themeCell);
  return (
    <DropdownMenu.RadioGroup value={theme} aria-label={texts.account.theme}>
      <DropdownMenu.Label className="px-2 pt-1 pb-1 text-xs text-ink-3">
        {texts.account.theme}
      </DropdownMenu.Label>
      {THEMES.map((name) => {
        const Icon = THEME_ICONS[name];
        return (
          <DropdownMenu.RadioItem
            key={name}
            value={name}
            className="menu-item"
            onSelect={(event) => {
              event.preventDefault();
              chooseTheme(name);
            }}
          >
            <Icon size={15} aria-hidden="true" /> {texts.account[name]}
            <DropdownMenu.ItemIndicator className="ml-auto text-accent">
              <Check size={15} aria-hidden="true" />
            </DropdownMenu.ItemIndicator>
          </DropdownMenu.RadioItem>
        );
      })}
    </DropdownMenu.RadioGroup>
  );
}

function Documentation() {
  return (
    <>
      <DropdownMenu.Separator className="my-1 h-px bg-line" />
      <DropdownMenu.Item asChild className="menu-item">
        <a href="/sites/docs/" target="_blank" rel="noopener">
          <BookOpen size={15} aria-hidden="true" /> {texts.account.documentation}
        </a>
      </DropdownMenu.Item>
    </>
  );
}

function SignOut() {
  const { signOut } = usePage();
  return (
    <>
      <DropdownMenu.Separator className="my-1 h-px bg-line" />
      <DropdownMenu.Item
        className="menu-item"
        // Another person's page must not be left in memory: everything is read anew.
        onSelect={() => void signOut()}
      >
        <LogOut size={15} aria-hidden="true" /> {texts.account.signOut}
      </DropdownMenu.Item>
    </>
  );
}

export function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter((word) => word !== '');
  const letters = words.length > 1 ? [words[0]?.[0], words[1]?.[0]] : Array.from(name).slice(0, 2);
  return letters.join('').toUpperCase();
}
