import type { BundleSummary } from '@switchyard/protocol';
import { Check, ChevronDown } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useBundles } from '../app/queries.ts';
import { texts } from '../texts.ts';

interface BundlePickerProps {
  bundle: BundleSummary | undefined;
  bundles: readonly BundleSummary[];
  pick: ((bundleId: string) => void) | undefined;
}

/** Who answers. A choice for a new conversation; a name for one that has begun. */
export function BundlePicker({ bundle, bundles, pick }: BundlePickerProps) {
  const { reread } = useBundles();
  const name = bundle?.name ?? texts.bundles.unknown;
  const label = (
    <>
      <span className="shrink-0 font-semibold tracking-tight">{name}</span>
      {bundle?.note !== undefined && (
        <span className="min-w-0 truncate text-sm text-ink-3">{bundle.note}</span>
      )}
    </>
  );
  if (pick === undefined || bundles.length < 2) {
    return <div className="flex h-9 min-w-0 shrink-0 items-center gap-2 px-2.5">{label}</div>;
  }
  return (
    <DropdownMenu.Root modal={false} onOpenChange={(isOpen) => isOpen && reread()}>
      <DropdownMenu.Trigger className="flex h-9 min-w-0 items-center gap-2 rounded-md px-2.5 hover:bg-paper-2 data-[state=open]:bg-paper-2">
        {label}
        <span className="sr-only">{texts.bundles.label}</span>
        <ChevronDown size={15} className="shrink-0 text-ink-3" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu w-[320px]" align="start" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.RadioGroup
            value={bundle?.bundle_id ?? ''}
            onValueChange={pick}
            aria-label={texts.bundles.label}
          >
            {bundles.map((choice) => (
              <DropdownMenu.RadioItem
                key={choice.bundle_id}
                value={choice.bundle_id}
                className="menu-item items-start!"
              >
                <span className="min-w-0 flex-1">
                  <span className="font-medium">{choice.name}</span>
                  {choice.note !== undefined && <span className="ml-2 text-ink-3">{choice.note}</span>}
                  {choice.description !== undefined && (
                    <span className="line-clamp-2 text-xs leading-relaxed text-ink-2">
                      {choice.description}
                    </span>
                  )}
                </span>
                <DropdownMenu.ItemIndicator className="mt-1 text-accent">
                  <Check size={15} aria-hidden="true" />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
